// SPDX-License-Identifier: Apache-2.0
// What is used of Java's and OkHttp's classes, as NativeScript for Android has them as globals.
import { InvalidArgumentError } from "halyard";

/** A Java object of which nothing is used but that it can be passed on. */
export interface JavaObject {
  readonly toString: () => string;
}

interface JavaClass {
  getName(): string;
  getSuperclass(): JavaClass | null;
}

export interface Throwable {
  getClass(): JavaClass;
  getMessage(): string | null;
}

export interface JavaHeaders {
  size(): number;
  name(index: number): string;
  value(index: number): string;
}

export interface JavaResponse {
  code(): number;
  headers(): JavaHeaders;
  request(): { header(name: string): string | null };
}

export interface ByteString {
  toByteArray(): JavaObject;
}

/** `okhttp3.WebSocket`. */
export interface JavaWebSocket {
  send(content: string | ByteString): boolean;
  close(code: number, reason: string | null): boolean;
  cancel(): void;
  queueSize(): number;
}

/** `okhttp3.WebSocketListener`, as it is extended. */
export interface ListenerMethods {
  onOpen(socket: JavaWebSocket, response: JavaResponse): void;
  onMessage(socket: JavaWebSocket, content: string | ByteString): void;
  onClosing(socket: JavaWebSocket, code: number, reason: string): void;
  onClosed(socket: JavaWebSocket, code: number, reason: string): void;
  onFailure(socket: JavaWebSocket, failure: Throwable, response: JavaResponse | null): void;
}

/** An instance of the class that extends `okhttp3.WebSocketListener`. */
export interface JavaListener {
  /** Ours; NativeScript keeps what is put onto an instance. */
  owner?: ListenerMethods;
}

/** `okhttp3.OkHttpClient.Builder`: whatever it has can be used by {@link OkHttpOptions.config}. */
export interface JavaClientBuilder {
  dispatcher(dispatcher: JavaObject): JavaClientBuilder;
  followRedirects(follow: boolean): JavaClientBuilder;
  followSslRedirects(follow: boolean): JavaClientBuilder;
  connectTimeout(value: number, unit: JavaObject): JavaClientBuilder;
  readTimeout(value: number, unit: JavaObject): JavaClientBuilder;
  writeTimeout(value: number, unit: JavaObject): JavaClientBuilder;
  pingInterval(value: number, unit: JavaObject): JavaClientBuilder;
  minWebSocketMessageToCompress?(bytes: number): JavaClientBuilder;
  webSocketCloseTimeout?(value: number, unit: JavaObject): JavaClientBuilder;
  proxy(proxy: JavaObject): JavaClientBuilder;
  build(): JavaClient;
}

/** `okhttp3.OkHttpClient`. */
export interface JavaClient {
  newBuilder(): JavaClientBuilder;
  newWebSocket(request: JavaObject, listener: JavaListener): JavaWebSocket;
  dispatcher(): { executorService(): { shutdown(): void } };
  connectionPool(): { evictAll(): void };
}

interface RequestBuilder {
  url(url: string): RequestBuilder;
  addHeader(name: string, value: string): RequestBuilder;
  build(): JavaObject;
}

/** The globals. */
export interface NativeScript {
  readonly okhttp3: {
    readonly OkHttpClient: new () => JavaClient;
    readonly Dispatcher: new () => JavaObject & {
      setMaxRequests(count: number): void;
      setMaxRequestsPerHost(count: number): void;
    };
    readonly Request: { readonly Builder: new () => RequestBuilder };
    readonly WebSocketListener: {
      extend(methods: ListenerMethods & ThisType<JavaListener>): new () => JavaListener;
    };
  };
  readonly okio: { readonly ByteString: { of(buffer: ArrayBuffer): ByteString } };
  readonly java: {
    readonly net: {
      readonly Proxy: {
        new (type: JavaObject, address: JavaObject): JavaObject;
        readonly Type: { readonly HTTP: JavaObject; readonly SOCKS: JavaObject };
      };
      readonly InetSocketAddress: { createUnresolved(host: string, port: number): JavaObject };
    };
    readonly nio: { readonly ByteBuffer: { wrap(bytes: JavaObject): JavaObject } };
    readonly util: {
      readonly concurrent: { readonly TimeUnit: { readonly MILLISECONDS: JavaObject } };
    };
  };
  readonly ArrayBuffer: { from(buffer: JavaObject): ArrayBuffer };
}

/** @throws {@link InvalidArgumentError} where this is no NativeScript, or OkHttp is not part of the app */
export function nativeScript(): NativeScript {
  const found = globalThis as unknown as NativeScript;
  if ((found as Partial<NativeScript>).okhttp3 !== undefined) return found;
  throw new InvalidArgumentError(
    'OkHttp is not here: this entry is for NativeScript on Android, whose app/App_Resources/Android/app.gradle needs `implementation "com.squareup.okhttp3:okhttp:..."`; on Node, Bun and Deno import @halyard/okhttp',
  );
}
