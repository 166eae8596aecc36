// SPDX-License-Identifier: Apache-2.0
package dev.halyard.okhttp;

import java.io.ByteArrayInputStream;
import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Credentials;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;

/** The options of the program, which has checked them, as a client. What is not given stays as OkHttp, or the user's client, has it. */
final class Settings {
  private final Map<String, String> given = new HashMap<>();

  /** @param settings names and values by turns */
  Settings(List<String> settings) {
    for (int index = 0; index < settings.size(); index += 2)
      given.put(settings.get(index), settings.get(index + 1));
  }

  OkHttpClient client() throws Exception {
    OkHttpClient.Builder builder = preconfigured().newBuilder();
    builder.dispatcher(dispatcher());
    // Followed, it would take the headers, and whatever secret is in them, to where the server likes.
    builder.followRedirects(false).followSslRedirects(false);
    // The program has a deadline for the handshake.
    builder.readTimeout(0, TimeUnit.MILLISECONDS);
    // A peer that reads late is waited for.
    builder.writeTimeout(Long.parseLong(given.getOrDefault("writeTimeout", "0")), TimeUnit.MILLISECONDS);
    if (has("connectTimeout")) builder.connectTimeout(number("connectTimeout"), TimeUnit.MILLISECONDS);
    if (has("pingInterval")) builder.pingInterval(number("pingInterval"), TimeUnit.MILLISECONDS);
    if (has("minWebSocketMessageToCompress"))
      call(builder, "minWebSocketMessageToCompress", new Class<?>[] {long.class}, number("minWebSocketMessageToCompress"));
    if (has("webSocketCloseTimeout")) {
      Class<?>[] types = {long.class, TimeUnit.class};
      call(builder, "webSocketCloseTimeout", types, number("webSocketCloseTimeout"), TimeUnit.MILLISECONDS);
    }
    if (has("proxyHost")) proxy(builder);
    if (has("ca")) trust(builder);
    return builder.build();
  }

  private boolean has(String name) {
    return given.containsKey(name);
  }

  private long number(String name) {
    return Long.parseLong(given.get(name));
  }

  private OkHttpClient preconfigured() throws Exception {
    if (!has("preconfigured")) return Clients.BASE;
    String name = given.get("preconfigured");
    Object made;
    try {
      made = Class.forName(name).getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException cause) {
      throw new IllegalArgumentException(
          "preconfigured: no public class " + name + " with a constructor without parameters is on the class path", cause);
    }
    Object client = made instanceof Supplier ? ((Supplier<?>) made).get() : null;
    if (client instanceof OkHttpClient) return (OkHttpClient) client;
    throw new IllegalArgumentException("preconfigured: " + name + " is no java.util.function.Supplier of an OkHttpClient");
  }

  /** A WebSocket has a place all its life, and OkHttp has 64, beyond which it waits without a word. */
  private Dispatcher dispatcher() {
    int sockets = Integer.parseInt(given.getOrDefault("maxConcurrentSockets", String.valueOf(Integer.MAX_VALUE)));
    Dispatcher dispatcher = new Dispatcher();
    dispatcher.setMaxRequests(sockets);
    dispatcher.setMaxRequestsPerHost(sockets);
    return dispatcher;
  }

  /** Not every OkHttp has all settings. */
  private static void call(OkHttpClient.Builder builder, String name, Class<?>[] types, Object... values)
      throws ReflectiveOperationException {
    Method method;
    try {
      method = builder.getClass().getMethod(name, types);
    } catch (NoSuchMethodException missing) {
      throw new IllegalArgumentException("OkHttp " + Clients.version() + " has no " + name + ": leave it out, or use a newer one");
    }
    method.invoke(builder, values);
  }

  private void proxy(OkHttpClient.Builder builder) {
    Proxy.Type type = given.get("proxyType").equals("socks") ? Proxy.Type.SOCKS : Proxy.Type.HTTP;
    builder.proxy(new Proxy(type, InetSocketAddress.createUnresolved(given.get("proxyHost"), (int) number("proxyPort"))));
    if (!has("proxyUser")) return;
    String credentials = Credentials.basic(given.get("proxyUser"), given.getOrDefault("proxyPassword", ""));
    builder.proxyAuthenticator(
        (route, response) ->
            // Refused once, it would be again.
            response.request().header("Proxy-Authorization") != null
                ? null
                : response.request().newBuilder().header("Proxy-Authorization", credentials).build());
  }

  private void trust(OkHttpClient.Builder builder) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    byte[] pem = given.get("ca").getBytes(StandardCharsets.UTF_8);
    for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem)))
      store.setCertificateEntry("ca" + store.size(), each);
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    TrustManager[] managers = factory.getTrustManagers();
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers, null);
    builder.sslSocketFactory(context.getSocketFactory(), (X509TrustManager) managers[0]);
  }
}
