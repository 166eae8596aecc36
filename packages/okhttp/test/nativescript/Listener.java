// SPDX-License-Identifier: Apache-2.0
package test;

import java.nio.charset.StandardCharsets;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;

/** The bridge implements interfaces only, and texts do not survive it: they cross as UTF-8. */
public final class Listener extends WebSocketListener {
  /** What JavaScript is told. */
  public interface Events {
    void onOpen(WebSocket socket, Response response);

    void onText(WebSocket socket, byte[] text);

    void onBytes(WebSocket socket, byte[] bytes);

    void onClosing(WebSocket socket, int code, byte[] reason);

    void onClosed(WebSocket socket, int code, byte[] reason);

    void onFailure(WebSocket socket, Throwable failure, Response response);
  }

  private final Events events;

  public Listener(Events events) {
    this.events = events;
  }

  public static boolean send(WebSocket socket, byte[] content, boolean isText) {
    return isText ? socket.send(textOf(content)) : socket.send(ByteString.of(content));
  }

  public static boolean close(WebSocket socket, int code, byte[] reason) {
    return socket.close(code, textOf(reason));
  }

  /** Names of the classes of an exception, by which nothing but names crosses. */
  public static String classesOf(Throwable failure) {
    StringBuilder names = new StringBuilder();
    for (Class<?> each = failure.getClass(); each != null; each = each.getSuperclass()) names.append(each.getName()).append(' ');
    return names.toString().trim();
  }

  private static String textOf(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] bytesOf(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void onOpen(WebSocket socket, Response response) {
    events.onOpen(socket, response);
  }

  @Override
  public void onMessage(WebSocket socket, String text) {
    events.onText(socket, bytesOf(text));
  }

  @Override
  public void onMessage(WebSocket socket, ByteString bytes) {
    events.onBytes(socket, bytes.toByteArray());
  }

  @Override
  public void onClosing(WebSocket socket, int code, String reason) {
    events.onClosing(socket, code, bytesOf(reason));
  }

  @Override
  public void onClosed(WebSocket socket, int code, String reason) {
    events.onClosed(socket, code, bytesOf(reason));
  }

  @Override
  public void onFailure(WebSocket socket, Throwable failure, Response response) {
    events.onFailure(socket, failure, response);
  }
}
