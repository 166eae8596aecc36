// SPDX-License-Identifier: Apache-2.0
package dev.halyard.okhttp;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs OkHttp for the program that has started this one. Both ways go frames of {@code int length, byte kind, int id, payload},
 * where the length counts all behind it; what the kinds are is in {@code src/jvm/frames.ts}. It ends with its input.
 */
public final class Bridge {
  /** What both sides must agree on. */
  static final int PROTOCOL = 2;

  private static final int CLIENT = 1;
  private static final int RELEASE = 2;
  private static final int OPEN = 3;
  private static final int TEXT = 4;
  private static final int BINARY = 5;
  private static final int CLOSE = 6;
  private static final int DROP = 7;
  private static final int CREDIT = 8;

  private final Outbox outbox;
  private final Written written = new Written();
  private final Clients clients = new Clients();
  private final ConcurrentHashMap<Integer, Session> sessions = new ConcurrentHashMap<>();

  private Bridge(Outbox outbox) {
    this.outbox = outbox;
  }

  public static void main(String[] args) {
    Outbox outbox = new Outbox(new FileOutputStream(FileDescriptor.out));
    // Whatever a class of the user prints is no frame.
    System.setOut(System.err);
    try {
      DataInputStream input =
          new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in), 1 << 16));
      Bridge bridge = new Bridge(outbox);
      outbox.ready(PROTOCOL, Clients.version());
      for (;;) bridge.handle(input);
    } catch (EOFException end) {
      // The program has closed its end, or is gone. Connections and threads of OkHttp would keep this process for a minute.
      Runtime.getRuntime().halt(0);
    } catch (Throwable failure) {
      failure.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private void handle(DataInputStream input) throws IOException {
    byte[] payload = new byte[input.readInt() - 5];
    int kind = input.readUnsignedByte();
    int id = input.readInt();
    input.readFully(payload);
    if (kind == CLIENT) clients.add(id, new Fields(payload));
    else if (kind == RELEASE) clients.remove(id);
    else if (kind == OPEN) open(id, new Fields(payload));
    else handle(kind, sessions.get(id), payload);
  }

  /** A session that has ended meanwhile is unknown. */
  private void handle(int kind, Session session, byte[] payload) throws IOException {
    if (session == null) return;
    if (kind == TEXT) session.sendText(new String(payload, StandardCharsets.UTF_8), payload.length);
    else if (kind == BINARY) session.sendBinary(payload);
    else if (kind == CREDIT) session.addCredit(new Fields(payload).number());
    else if (kind == DROP) session.drop();
    else if (kind == CLOSE) {
      Fields fields = new Fields(payload);
      session.close(fields.number(), fields.text());
    } else throw new IOException("no frame is of kind " + kind);
  }

  private void open(int id, Fields fields) throws IOException {
    Session session = new Session(id, outbox, written, () -> sessions.remove(id));
    sessions.put(id, session);
    try {
      clients.open(fields.number(), fields.text(), fields.texts(), session);
    } catch (RuntimeException | LinkageError refusal) {
      session.refuse(refusal);
    }
  }
}
