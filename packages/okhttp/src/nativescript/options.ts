// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "halyard";
import { checkType, pickOptions } from "halyard/engine";
import {
  type ClientSettings,
  clientOptionNames,
  clientSettings,
  type OkHttpClientOptions,
  type ProxySettings,
} from "../client-options.ts";
import type { JavaClient, JavaClientBuilder, JavaObject, NativeScript } from "./platform.ts";

/** The options of OkHttp on NativeScript. Ktor: `OkHttpConfig`. */
export interface OkHttpOptions extends OkHttpClientOptions {
  /** An `okhttp3.OkHttpClient` to begin with; its threads and connections are its owner's. @defaultValue a new one */
  readonly preconfigured?: object | undefined;
  /** Called with the `okhttp3.OkHttpClient.Builder` when all else is set: for whatever has no option. */
  readonly config?: ((builder: object) => void) | undefined;
}

/** The options, checked. */
export interface ResolvedOkHttpOptions extends OkHttpOptions {
  readonly settings: ClientSettings;
}

/** @throws {@link InvalidArgumentError} */
export function resolveOptions(options: OkHttpOptions): ResolvedOkHttpOptions {
  const given = pickOptions<OkHttpOptions>("OkHttp", options, [
    "preconfigured",
    "config",
    ...clientOptionNames,
  ]);
  if (given.config !== undefined) checkType("config", given.config, "function");
  const settings = clientSettings(given);
  if (settings.proxy?.user !== undefined) {
    throw new InvalidArgumentError("proxy: give user and password by config, as a proxyAuthenticator");
  }
  return { ...given, settings };
}

/** The client with these options. What is not given stays as OkHttp, or the client to begin with, has it. */
export function makeClient(native: NativeScript, options: ResolvedOkHttpOptions): JavaClient {
  const { settings, preconfigured, config } = options;
  const { connectTimeout, pingInterval, minWebSocketMessageToCompress: least, proxy } = settings;
  const { MILLISECONDS } = native.java.util.concurrent.TimeUnit;
  const base = (preconfigured as JavaClient | undefined) ?? new native.okhttp3.OkHttpClient();
  const builder = base.newBuilder();
  builder.dispatcher(dispatcher(native, settings.maxConcurrentSockets));
  // Followed, it would take the headers, and whatever secret is in them, to where the server likes.
  builder.followRedirects(false);
  builder.followSslRedirects(false);
  // A session has a deadline for the handshake.
  builder.readTimeout(0, MILLISECONDS);
  // A peer that reads late is waited for.
  builder.writeTimeout(settings.writeTimeout, MILLISECONDS);
  if (connectTimeout !== undefined) builder.connectTimeout(connectTimeout, MILLISECONDS);
  if (pingInterval !== undefined) builder.pingInterval(pingInterval, MILLISECONDS);
  if (least !== undefined) has(builder, "minWebSocketMessageToCompress")(least);
  if (settings.webSocketCloseTimeout !== undefined) {
    has(builder, "webSocketCloseTimeout")(settings.webSocketCloseTimeout, MILLISECONDS);
  }
  if (proxy !== undefined) builder.proxy(proxyOf(native, proxy));
  config?.(builder);
  return builder.build();
}

/** A WebSocket has a place all its life, and OkHttp has 64, beyond which it waits without a word. */
function dispatcher({ okhttp3 }: NativeScript, sockets: number): JavaObject {
  const made = new okhttp3.Dispatcher();
  made.setMaxRequests(sockets);
  made.setMaxRequestsPerHost(sockets);
  return made;
}

function proxyOf({ java }: NativeScript, { type, host, port }: ProxySettings): JavaObject {
  const { Proxy, InetSocketAddress } = java.net;
  const kind = type === "http" ? Proxy.Type.HTTP : Proxy.Type.SOCKS;
  return new Proxy(kind, InetSocketAddress.createUnresolved(host, port));
}

/** Not every OkHttp has all settings. */
function has(
  builder: JavaClientBuilder,
  name: "minWebSocketMessageToCompress" | "webSocketCloseTimeout",
): (value: number, unit?: JavaObject) => void {
  const method = builder[name] as ((value: number, unit?: JavaObject) => void) | undefined;
  if (method !== undefined) return method.bind(builder);
  throw new InvalidArgumentError(`this OkHttp has no ${name}: leave it out, or use a newer one`);
}
