// SPDX-License-Identifier: Apache-2.0
import { type HandshakeTimings, InvalidArgumentError } from "../protocol/errors.ts";
import type { ResolvedSessionConfig, SessionConfig } from "../session/config.ts";
import type { DefaultSessionOptions } from "../session/default-web-socket-session.ts";
import { sessionOptions } from "../session/default-web-socket-session.ts";
import { checkTimeout } from "../session/durations.ts";
import { RequestHead } from "../session/handshake-call.ts";
import { safeUrl } from "../session/safe-url.ts";
import type { Transport } from "../session/transport.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import { BoundedAttempt } from "./attempt.ts";
import type { AttemptWatch, WatchedCall } from "./attempt-watch.ts";
import { checkCapabilities, configFor } from "./capabilities.ts";
import type { Attempt, EngineConnection, EngineRequest, HttpClientEngine } from "./engine.ts";
import { PluginNotInstalledError } from "./errors.ts";
import { chainOf, type Interceptor } from "./http-send.ts";
import { mergeOptions } from "./merge-options.ts";
import type { OpenSessions } from "./open-sessions.ts";
import { type AgreedHandshake, openThrough } from "./opening-handshake.ts";
import type { HttpClientPlugin, PluginInstance } from "./plugin.ts";
import {
  partsOf,
  requestOptions,
  type WebSocketRequest,
  type WebSocketRequestOptions,
} from "./request-parts.ts";
import { basicAuthorization, buildUrl } from "./request-url.ts";
import { WebSockets } from "./web-sockets.ts";

/** Which session a connection becomes. */
export interface SessionKind<S extends WebSocketSession> {
  readonly mode: "raw" | "default";
  create(transport: Transport, options: DefaultSessionOptions): S;
}

interface InstalledPlugin {
  readonly config: object;
  readonly instance: PluginInstance;
}

interface KnownRequest {
  readonly url: string;
  readonly scheme: "wss" | undefined;
  readonly made: EngineRequest;
}

/** What stands behind a client: the engine, the open sessions, the plugins. */
export class ClientCore {
  readonly engine: HttpClientEngine;
  readonly sessions: OpenSessions;
  readonly #plugins: ReadonlyMap<string, InstalledPlugin>;
  readonly #chain: readonly Interceptor[];
  readonly #watchers: readonly ((call: WatchedCall) => AttemptWatch)[];
  /** The last request that was nothing but a URL. */
  #known: KnownRequest | null = null;

  constructor(
    engine: HttpClientEngine,
    sessions: OpenSessions,
    plugins: ReadonlyMap<string, InstalledPlugin>,
  ) {
    this.engine = engine;
    this.sessions = sessions;
    this.#plugins = plugins;
    const instances = Array.from(plugins.values(), ({ instance }) => instance);
    this.#chain = chainOf(instances);
    this.#watchers = instances.flatMap((instance) => instance.watch?.bind(instance) ?? []);
  }

  with<Config extends object>(
    plugin: HttpClientPlugin<string, Config, PluginInstance>,
    config: object,
  ): ClientCore {
    if (typeof config !== "object" || config === null) {
      throw new InvalidArgumentError(`install(${plugin.name}) takes an object of options`);
    }
    const merged = mergeOptions(this.#plugins.get(plugin.name)?.config ?? {}, config);
    const installed = { config: merged, instance: plugin.prepare(merged as Config) };
    return new ClientCore(this.engine, this.sessions, new Map([...this.#plugins, [plugin.name, installed]]));
  }

  plugin<Instance extends PluginInstance>(plugin: HttpClientPlugin<string, never, Instance>): Instance {
    const installed = this.#plugins.get(plugin.name);
    if (installed === undefined) throw new PluginNotInstalledError(plugin.name);
    return installed.instance as Instance;
  }

  /**
   * Makes the handshake and the session.
   * @param scheme - demands TLS, when it is `wss`
   */
  async open<S extends WebSocketSession>(
    kind: SessionKind<S>,
    request: WebSocketRequest,
    scheme?: "wss",
  ): Promise<S> {
    const { config: wanted, given } = this.plugin(WebSockets);
    const config = configFor(this.engine, wanted, given);
    const options = requestOptions(request);
    const engineRequest = this.#checkedRequest(kind.mode, request, options, scheme);
    const attempt = new BoundedAttempt({
      clock: this.engine.clock,
      timeout: checkTimeout("timeout", options.timeout ?? config.handshakeTimeout),
      caller: options.signal,
      safeUrl: engineRequest.safeUrl,
      watchers: this.#watchers,
    });
    const session = await this.sessions.during(attempt, () =>
      attempt.run(
        (bounds) => this.#handshake(engineRequest, bounds, given),
        (agreed) => {
          const made = this.#session(
            kind,
            agreed.request ?? engineRequest,
            agreed,
            config,
            attempt.timings(),
          );
          attempt.opened(made);
          if (options.signal !== undefined) endWith(options.signal, made);
          return made;
        },
      ),
    );
    // An abort may come between the making of the session and this line; it has cancelled the session then.
    options.signal?.throwIfAborted();
    return session;
  }

  /**
   * A program that connects again and again does so to the same URL. To read and check that anew was a tenth of a
   * handshake; and an engine that is given the same request again may know more about it.
   */
  #checkedRequest(
    mode: "raw" | "default",
    request: WebSocketRequest,
    options: Partial<WebSocketRequestOptions>,
    scheme: "wss" | undefined,
  ): EngineRequest {
    const known = this.#known;
    if (known?.url === request && known.made.mode === mode && known.scheme === scheme) return known.made;
    const { config, given } = this.plugin(WebSockets);
    const made = this.#engineRequest(mode, options, config, scheme);
    checkCapabilities(this.engine, made, given);
    const isRewritten = Array.from(this.#plugins.values()).some(
      ({ instance }) => instance.onRequest !== undefined,
    );
    if (typeof request === "string" && !isRewritten) this.#known = { url: request, scheme, made };
    return made;
  }

  #engineRequest(
    mode: "raw" | "default",
    options: Partial<WebSocketRequestOptions>,
    config: ResolvedSessionConfig,
    scheme: "wss" | undefined,
  ): EngineRequest {
    const parts = partsOf(options);
    if (scheme === "wss") refuseDowngrade(parts.protocol);
    for (const { instance } of this.#plugins.values()) instance.onRequest?.(parts);
    if (scheme === "wss") parts.protocol = "wss";
    const { headers, userInfo } = parts;
    const hasAuthorization = headers.some(([name]) => name.toLowerCase() === "authorization");
    if (userInfo !== undefined && !hasAuthorization) headers.push(basicAuthorization(userInfo));
    const url = buildUrl(parts);
    const { subprotocols, socketPath, proxy } = parts;
    const extensions = mode === "raw" ? [] : config.extensions;
    const { limits } = config;
    return {
      url,
      safeUrl: safeUrl(url),
      headers,
      subprotocols,
      extensions,
      socketPath,
      proxy,
      mode,
      limits,
    };
  }

  /** Without interceptors there is nothing between the attempt and the engine, not even a promise. */
  #handshake(request: EngineRequest, attempt: Attempt, given: SessionConfig): Promise<AgreedHandshake> {
    if (this.#chain.length === 0) return this.engine.open(request, attempt);
    const check = (changed: EngineRequest) => checkCapabilities(this.engine, changed, given);
    return openThrough(this.#chain, this.engine, request, attempt, check);
  }

  #session<S extends WebSocketSession>(
    kind: SessionKind<S>,
    request: EngineRequest,
    { transport, subprotocol, extensions, response }: EngineConnection,
    config: ResolvedSessionConfig,
    timings: HandshakeTimings,
  ): S {
    const call = { request: new RequestHead(request.url.href, request.headers), response, timings };
    const { clock } = this.engine;
    const { safeUrl: url } = request;
    const session = kind.create(
      transport,
      sessionOptions(config, { clock, subprotocol, extensions, call, url, onEnd: this.sessions.remove }),
    );
    this.sessions.add(session);
    return session;
  }
}

/** `wss()` never connects in the clear. */
function refuseDowngrade(protocol: "ws" | "wss" | undefined): void {
  if (protocol !== "ws") return;
  throw new InvalidArgumentError(
    "wss() was given a ws or http URL, and does not connect without TLS: use ws()",
  );
}

/** Aborting the request's signal later drops the session. */
function endWith(signal: AbortSignal, session: WebSocketSession): void {
  const cancel = () => session.cancel(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  void session.ended.then(() => signal.removeEventListener("abort", cancel));
}
