// SPDX-License-Identifier: Apache-2.0
package dev.halyard.okhttp;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** What is told to the program. A program that does not listen makes whoever tells it something wait. */
final class Outbox {
  static final int TEXT = 4;
  static final int BINARY = 5;

  private static final int READY = 1;
  private static final int OPENED = 3;
  private static final int CLOSED = 6;
  private static final int FAILED = 7;
  private static final int WRITTEN = 8;
  private static final int CLOSING = 9;

  private final DataOutputStream output;
  /** Who is about to write: the last of them flushes. */
  private final AtomicInteger writers = new AtomicInteger();

  Outbox(OutputStream output) {
    this.output = new DataOutputStream(new BufferedOutputStream(output, 1 << 16));
  }

  void ready(int protocol, String version) {
    send(READY, protocol, new Payload().text(version));
  }

  void opened(int id, int status, List<String> headers, boolean offersDeflate) {
    send(OPENED, id, new Payload().number(status).texts(headers).number(offersDeflate ? 1 : 0));
  }

  void written(int id, long bytes) {
    send(WRITTEN, id, new Payload().number((int) bytes));
  }

  void closing(int id, int code, String reason) {
    send(CLOSING, id, new Payload().number(code).text(reason));
  }

  void closed(int id, int code, String reason) {
    send(CLOSED, id, new Payload().number(code).text(reason));
  }

  void failed(int id, List<String> classes, String message, int status, List<String> headers, byte[] body) {
    send(FAILED, id, new Payload().texts(classes).text(message).number(status).texts(headers).bytes(body));
  }

  private void send(int kind, int id, Payload payload) {
    send(kind, id, payload.toByteArray());
  }

  void send(int kind, int id, byte[] payload) {
    writers.incrementAndGet();
    synchronized (output) {
      try {
        output.writeInt(payload.length + 5);
        output.writeByte(kind);
        output.writeInt(id);
        output.write(payload);
        if (writers.decrementAndGet() == 0) output.flush();
      } catch (IOException gone) {
        Runtime.getRuntime().halt(0);
      }
    }
  }

  /** The counterpart of {@link Fields}. */
  private static final class Payload extends ByteArrayOutputStream {
    Payload number(int number) {
      for (int shift = 24; shift >= 0; shift -= 8) write(number >>> shift);
      return this;
    }

    Payload bytes(byte[] bytes) {
      number(bytes.length);
      write(bytes, 0, bytes.length);
      return this;
    }

    Payload text(String text) {
      return bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    Payload texts(List<String> texts) {
      number(texts.size());
      for (String text : texts) text(text);
      return this;
    }
  }
}
