// SPDX-License-Identifier: Apache-2.0
// A DOUBLE of NativeScript for Android: globals of the same shape, over the real OkHttp in a JVM that is in this process. What
// this does not show is how NativeScript itself passes things between JavaScript and Java, which needs a device.
import java from "java-bridge";

/** @param {string[]} classPath */
export function installGlobals(classPath) {
  java.ensureJvm({ opts: [`-Djava.class.path=${classPath.join(":")}`, "-Xmx512m"] });
  // As NativeScript calls: by the names of Java, and at once.
  java.config.asyncSuffix = "Async";
  java.config.syncSuffix = "";
  const classOf = (name) => java.importClass(name);
  const bridge = classOf("test.Listener");
  const array = (bytes) => Buffer.from(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);

  /** What stands for an `okhttp3.WebSocket`. */
  class WebSocket {
    constructor(socket) {
      this.java = socket;
    }
    send(content) {
      const isText = typeof content === "string";
      return bridge.send(this.java, isText ? Buffer.from(content) : content.bytes, isText);
    }
    close(code, reason) {
      return bridge.close(this.java, code, Buffer.from(reason ?? ""));
    }
    cancel() {
      this.java.cancel();
    }
    queueSize() {
      return Number(this.java.queueSize());
    }
  }

  /** What stands for an `okio.ByteString`. */
  class ByteString {
    constructor(bytes) {
      this.bytes = bytes;
    }
    static of(buffer) {
      return new ByteString(Buffer.from(buffer.slice(0)));
    }
    toByteArray() {
      return this.bytes;
    }
  }

  const failureOf = (failure) => {
    const names = bridge.classesOf(failure).split(" ");
    const classAt = (at) => ({
      getName: () => names[at],
      getSuperclass: () => (at + 1 < names.length ? classAt(at + 1) : null),
    });
    return { getClass: () => classAt(0), getMessage: () => failure.getMessage() };
  };
  const responseOf = (response) => {
    if (response === null || response === undefined) return null;
    const headers = response.headers();
    return {
      code: () => response.code(),
      request: () => ({ header: (name) => response.request().header(name) ?? null }),
      headers: () => ({
        size: () => headers.size(),
        name: (index) => headers.name(index),
        value: (index) => headers.value(index),
      }),
    };
  };

  const WebSocketListener = {
    extend: (methods) =>
      class {
        constructor() {
          Object.assign(this, methods);
        }
      },
  };
  /** Keeps the process for as long as it is not reset. */
  const proxyFor = (listener) => {
    const socketOf = (socket) => (listener.socket ??= new WebSocket(socket));
    const text = (bytes) => array(bytes).toString("utf8");
    let hasEnded = false;
    const end = () => {
      if (!hasEnded) setImmediate(() => proxy.reset());
      hasEnded = true;
    };
    const proxy = java.newProxy("test.Listener$Events", {
      onOpen: (socket, response) => listener.onOpen(socketOf(socket), responseOf(response)),
      onText: (socket, bytes) => listener.onMessage(socketOf(socket), text(bytes)),
      onBytes: (socket, bytes) => listener.onMessage(socketOf(socket), new ByteString(array(bytes))),
      onClosing: (socket, code, reason) => listener.onClosing(socketOf(socket), code, text(reason)),
      onClosed(socket, code, reason) {
        listener.onClosed(socketOf(socket), code, text(reason));
        end();
      },
      onFailure(socket, failure, response) {
        listener.onFailure(socketOf(socket), failureOf(failure), responseOf(response));
        end();
      },
    });
    return proxy;
  };

  const JavaClient = classOf("okhttp3.OkHttpClient");
  const JavaListener = classOf("test.Listener");
  const clientOf = (client) => ({
    java: client,
    newBuilder: () => builderOf(client.newBuilder()),
    newWebSocket(request, listener) {
      const socket = client.newWebSocket(request, new JavaListener(proxyFor(listener)));
      return (listener.socket ??= new WebSocket(socket));
    },
    dispatcher: () => client.dispatcher(),
    connectionPool: () => client.connectionPool(),
  });
  const builderOf = (builder) => {
    const made = {};
    const durations = [
      "connectTimeout",
      "readTimeout",
      "writeTimeout",
      "pingInterval",
      "webSocketCloseTimeout",
    ];
    for (const name of durations) {
      if (typeof builder[name] === "function")
        made[name] = (value, unit) => builder[name](BigInt(value), unit);
    }
    if (typeof builder.minWebSocketMessageToCompress === "function") {
      made.minWebSocketMessageToCompress = (bytes) => builder.minWebSocketMessageToCompress(BigInt(bytes));
    }
    for (const name of ["dispatcher", "followRedirects", "followSslRedirects", "proxy"]) {
      made[name] = (value) => builder[name](value);
    }
    return { ...made, java: builder, build: () => clientOf(builder.build()) };
  };

  Object.assign(globalThis, {
    okhttp3: {
      // What a constructor returns in the place of its object is what `new` gives.
      OkHttpClient: function () {
        return clientOf(new JavaClient());
      },
      Dispatcher: classOf("okhttp3.Dispatcher"),
      Request: { Builder: classOf("okhttp3.Request$Builder") },
      WebSocketListener,
    },
    okio: { ByteString },
    java: {
      net: { Proxy: classOf("java.net.Proxy"), InetSocketAddress: classOf("java.net.InetSocketAddress") },
      nio: { ByteBuffer: { wrap: (bytes) => ({ bytes }) } },
      util: { concurrent: { TimeUnit: classOf("java.util.concurrent.TimeUnit") } },
    },
  });
  // NativeScript adds it to the class of the language.
  Object.assign(ArrayBuffer, { from: ({ bytes }) => new Uint8Array(bytes).buffer });
}
