// SPDX-License-Identifier: Apache-2.0
package dev.halyard.okhttp;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.OkHttpClient;
import okhttp3.Request;

/** The clients of the program, by their ids. One that could not be made tells why whenever it is used. */
final class Clients {
  /** What the others are made of. It is made at once, and shows whether OkHttp has all that it needs. */
  static final OkHttpClient BASE = new OkHttpClient();

  private final ConcurrentHashMap<Integer, OkHttpClient> clients = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Integer, String> refusals = new ConcurrentHashMap<>();

  /** What OkHttp calls itself. */
  static String version() {
    for (String holder : new String[] {"okhttp3.OkHttp", "okhttp3.internal.Version"}) {
      try {
        Class<?> found = Class.forName(holder);
        if (holder.equals("okhttp3.OkHttp")) return (String) found.getField("VERSION").get(null);
        return ((String) found.getMethod("userAgent").invoke(null)).replace("okhttp/", "");
      } catch (ReflectiveOperationException notThere) {
        continue;
      }
    }
    return OkHttpClient.class.getName();
  }

  void add(int id, Fields fields) throws IOException {
    List<String> settings = fields.texts();
    try {
      clients.put(id, new Settings(settings).client());
    } catch (Exception | LinkageError refusal) {
      refusals.put(id, refusal.getMessage() == null ? refusal.toString() : refusal.getMessage());
    }
  }

  void remove(int id) {
    refusals.remove(id);
    OkHttpClient client = clients.remove(id);
    if (client == null) return;
    client.dispatcher().executorService().shutdown();
    client.connectionPool().evictAll();
  }

  /** @param headers names and values by turns */
  void open(int client, String url, List<String> headers, Session session) {
    OkHttpClient found = clients.get(client);
    if (found == null) throw new IllegalArgumentException(refusals.getOrDefault(client, "the client is released"));
    Request.Builder request = new Request.Builder().url(url);
    for (int index = 0; index < headers.size(); index += 2)
      request.addHeader(headers.get(index), headers.get(index + 1));
    session.begin(found.newWebSocket(request.build(), session));
  }
}
