// SPDX-License-Identifier: Apache-2.0
package dev.halyard.okhttp;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import okhttp3.Headers;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.BufferedSource;
import okio.ByteString;

/** One WebSocket: hands on what OkHttp says of it, and no messages faster than the program wants them. */
final class Session extends WebSocketListener {
  /** A message goes to the program while fewer bytes than these are under way. */
  private static final int WINDOW = 1 << 20;
  /** What a message counts besides its bytes. */
  private static final int OVERHEAD = 64;
  /** How long a connection may take to end once the peer's Close frame has come. */
  private static final long CLOSING_MILLIS = 4_000;
  private static final int BODY_BYTES = 4096;
  private static final long BODY_MILLIS = 100;

  private static final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

  static {
    timer.setRemoveOnCancelPolicy(true);
  }

  final int id;
  private final Outbox outbox;
  private final Written written;
  private final Runnable onEnd;
  private WebSocket socket;
  private boolean isOver;
  private int underWay;
  private long given;
  private long told;

  Session(int id, Outbox outbox, Written written, Runnable onEnd) {
    this.id = id;
    this.outbox = outbox;
    this.written = written;
    this.onEnd = onEnd;
  }

  /** OkHttp may have said that it failed before it gave the socket away. */
  synchronized void begin(WebSocket socket) {
    this.socket = socket;
  }

  void sendText(String text, int size) {
    count(size);
    socket.send(text);
    written.watch(this);
  }

  void sendBinary(byte[] bytes) {
    count(bytes.length);
    socket.send(ByteString.of(bytes));
    written.watch(this);
  }

  void close(int code, String reason) {
    try {
      socket.close(code, reason.isEmpty() ? null : reason);
    } catch (IllegalArgumentException unknown) {
      // OkHttp 3 does not know 1012 to 1014. As where codes are limited, 1012 is 4012.
      socket.close(code + 3000, reason);
    }
  }

  void drop() {
    end();
    socket.cancel();
  }

  synchronized void addCredit(int bytes) {
    underWay -= bytes;
    notifyAll();
  }

  private synchronized void count(int size) {
    given += size;
  }

  /** Tells what OkHttp has written since the last call. @return whether that was something */
  synchronized boolean tellWritten() {
    return tellWritten(socket.queueSize());
  }

  /** @param waiting how many bytes are not written yet */
  private synchronized boolean tellWritten(long waiting) {
    long bytes = given - waiting - told;
    if (isOver || bytes == 0) return false;
    told += bytes;
    if (waiting == 0) written.forget(this);
    outbox.written(id, bytes);
    return true;
  }

  @Override
  public void onOpen(WebSocket socket, Response response) {
    begin(socket);
    boolean offersDeflate = response.request().header("Sec-WebSocket-Extensions") != null;
    outbox.opened(id, response.code(), listOf(response.headers()), offersDeflate);
  }

  @Override
  public void onMessage(WebSocket socket, String text) {
    hand(Outbox.TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void onMessage(WebSocket socket, ByteString bytes) {
    hand(Outbox.BINARY, bytes.toByteArray());
  }

  /** Makes OkHttp's reader wait, and so the peer, while too much is under way. */
  private void hand(int kind, byte[] payload) {
    int size = payload.length + OVERHEAD;
    synchronized (this) {
      while (underWay >= WINDOW && !isOver) {
        try {
          wait();
        } catch (InterruptedException giveUp) {
          Thread.currentThread().interrupt();
          return;
        }
      }
      if (isOver) return;
      underWay += size;
    }
    outbox.send(kind, id, payload);
  }

  /** The answer is ours to give: until then nothing ends. An empty Close frame cannot be sent by OkHttp. */
  @Override
  public void onClosing(WebSocket socket, int code, String reason) {
    outbox.closing(id, code, reason);
    socket.close(code == 1005 ? 1000 : code, null);
    timer.schedule(socket::cancel, CLOSING_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void onClosed(WebSocket socket, int code, String reason) {
    // The last that OkHttp has written is our Close frame.
    tellWritten(0);
    if (end()) outbox.closed(id, code, reason);
  }

  @Override
  public void onFailure(WebSocket socket, Throwable failure, Response response) {
    tellWritten(socket.queueSize());
    if (!end()) return;
    int status = response == null ? 0 : response.code();
    List<String> headers = response == null ? Collections.emptyList() : listOf(response.headers());
    outbox.failed(id, classesOf(failure), textOf(failure), status, headers, beginningOf(response));
  }

  /** It was not even tried. */
  void refuse(Throwable refusal) {
    if (!end()) return;
    List<String> classes = Collections.singletonList("java.lang.IllegalArgumentException");
    outbox.failed(id, classes, textOf(refusal), 0, Collections.emptyList(), new byte[0]);
  }

  /** Only the first end counts. */
  private synchronized boolean end() {
    if (isOver) return false;
    isOver = true;
    notifyAll();
    written.forget(this);
    onEnd.run();
    return true;
  }

  private static String textOf(Throwable failure) {
    return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
  }

  private static List<String> classesOf(Throwable failure) {
    List<String> classes = new ArrayList<>();
    for (Class<?> each = failure.getClass(); each != Object.class; each = each.getSuperclass())
      classes.add(each.getName());
    return classes;
  }

  private static List<String> listOf(Headers headers) {
    List<String> list = new ArrayList<>();
    for (int index = 0; index < headers.size(); index++) {
      list.add(headers.name(index));
      list.add(headers.value(index));
    }
    return list;
  }

  /** As much of a refusal's body as comes at once: it may have no end. */
  // What Okio calls the buffer since, the oldest does not have.
  @SuppressWarnings("deprecation")
  private static byte[] beginningOf(Response response) {
    if (response == null || response.body() == null) return new byte[0];
    BufferedSource source = response.body().source();
    try {
      source.timeout().deadline(BODY_MILLIS, TimeUnit.MILLISECONDS);
      source.request(BODY_BYTES);
    } catch (IOException | IllegalStateException enough) {
      // What is there has to do.
    }
    try {
      return source.buffer().readByteArray(Math.min(BODY_BYTES, source.buffer().size()));
    } catch (IOException | IllegalStateException nothing) {
      return new byte[0];
    }
  }
}
