// SPDX-License-Identifier: Apache-2.0
import { type HandshakeTimings, InvalidArgumentError } from "../protocol/errors.ts";
import { ownOptions } from "../protocol/given.ts";
import { onAbort } from "../session/abort-listeners.ts";
import type { ResolvedSessionConfig, SessionConfig } from "../session/config.ts";
import type { DefaultSessionOptions } from "../session/default-web-socket-session.ts";
import { sessionOptions } from "../session/default-web-socket-session.ts";
import { RequestHead } from "../session/handshake-call.ts";
import { safeUrl } from "../session/safe-url.ts";
import type { Transport } from "../session/transport.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import { BoundedAttempt } from "./attempt.ts";
import type { AttemptWatch, WatchedCall } from "./attempt-watch.ts";
import { checkCapabilities, configFor } from "./capabilities.ts";
import { applyCredentials, basicAuthorization, type RequestCredentials } from "./credentials.ts";
import type { EngineConnection, EngineRequest, HttpClientEngine } from "./engine.ts";
import { PluginNotInstalledError } from "./errors.ts";
import { dropBody, type OutgoingHttpRequest, requestThrough } from "./http-call.ts";
import { type HttpRequest, type HttpRequestOptions, httpRequestOptions, jsonText } from "./http-request.ts";
import { chainOf, type Interceptor } from "./http-send.ts";
import { mergeOptions } from "./merge-options.ts";
import type { OpenSessions } from "./open-sessions.ts";
import { type AgreedHandshake, openThrough } from "./opening-handshake.ts";
import type { HttpClientPlugin, PluginInstance } from "./plugin.ts";
import {
  partsOf,
  type RequestParts,
  type RequestTarget,
  requestOptions,
  type WebSocketRequest,
  type WebSocketRequestOptions,
} from "./request-parts.ts";
import { boundConnecting, checkTimeouts, type RequestTimeouts, watchIdleness } from "./request-timeouts.ts";
import { buildUrl } from "./request-url.ts";
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

/** As for a handshake, in milliseconds. */
const defaultRequestTimeout = 10_000;

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
  readonly #timeouts: RequestTimeouts;
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
    this.#timeouts = Object.assign(Object.create(null), ...instances.map(({ timeouts }) => timeouts));
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
    const timeouts = this.#timeoutsOf(options.timeout);
    const { clock } = this.engine;
    const attempt = new BoundedAttempt({
      clock,
      timeout: timeouts.requestTimeout ?? config.handshakeTimeout,
      caller: options.signal,
      safeUrl: engineRequest.safeUrl,
      watchers: this.#watchers,
    });
    const session = await this.sessions.during(attempt, () =>
      attempt.run(
        () => this.#handshake(engineRequest, attempt, given, timeouts),
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
          watchIdleness(made, agreed.transport, timeouts, clock, engineRequest.safeUrl);
          return made;
        },
        ({ transport }) => transport.dispose(),
      ),
    );
    // An abort may come between the making of the session and this line; it has cancelled the session then.
    options.signal?.throwIfAborted();
    return session;
  }

  /** Sends plain HTTP. @param method - what the call's name says, if it says one */
  async request(request: HttpRequest, method?: string): Promise<Response> {
    const options = httpRequestOptions(request, method);
    const outgoing = this.#httpRequest(options);
    const timeouts = this.#timeoutsOf(options.timeout);
    const { clock } = this.engine;
    const { signal: caller } = options;
    const { safeUrl: url } = outgoing;
    const timeout = timeouts.requestTimeout ?? defaultRequestTimeout;
    const attempt = new BoundedAttempt({ clock, timeout, caller, safeUrl: url, what: "the request to" });
    return await this.sessions.during(attempt, () =>
      attempt.run(
        () => {
          // What the caller aborts later is the reading of the body.
          const signal =
            caller === undefined ? attempt.signal : AbortSignal.any([attempt.signal, platformSignal(caller)]);
          const connecting = (each: string) => boundConnecting(attempt, timeouts, clock, each)[1];
          return requestThrough(this.#chain, this.engine, outgoing, signal, connecting);
        },
        (response) => response,
        dropBody,
      ),
    );
  }

  #httpRequest(options: Partial<HttpRequestOptions>): OutgoingHttpRequest {
    const parts = this.#parts(options);
    const { headers, socketPath, proxy } = parts;
    const url = new URL(buildUrl(parts).href.replace(/^ws/, "http"));
    const { method = "GET", json, body = json === undefined ? undefined : jsonText(json) } = options;
    if (json !== undefined && !headers.some(([name]) => name.toLowerCase() === "content-type")) {
      headers.push(["Content-Type", "application/json"]);
    }
    return { url, safeUrl: safeUrl(url), headers, method, body, socketPath, proxy };
  }

  /** Of the request, or of the plugins. */
  #timeoutsOf(own: number | RequestTimeouts | undefined): RequestTimeouts {
    return own === undefined
      ? this.#timeouts
      : ownOptions({ ...this.#timeouts, ...checkTimeouts("timeout", own) });
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
    const parts = this.#parts(options, scheme);
    const url = buildUrl(parts);
    const { headers, subprotocols, socketPath, proxy } = parts;
    const extensions = mode === "raw" ? [] : config.extensions;
    const { limits } = config;
    // An interceptor looks for both, and what it finds on a prototype that was polluted is none of the request's.
    const ofPlainHttp = { method: undefined, body: undefined };
    return {
      ...ofPlainHttp,
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

  /** The parts of a request, as plugins have completed them. */
  #parts(options: RequestTarget & RequestCredentials, scheme?: "wss"): RequestParts {
    const parts = partsOf(options);
    if (scheme === "wss") refuseDowngrade(parts.protocol);
    applyCredentials(parts, options);
    for (const { instance } of this.#plugins.values()) instance.onRequest?.(parts);
    if (scheme === "wss") parts.protocol = "wss";
    const { headers, userInfo } = parts;
    const hasAuthorization = headers.some(([name]) => name.toLowerCase() === "authorization");
    if (userInfo !== undefined && !hasAuthorization) headers.push(basicAuthorization(userInfo));
    return parts;
  }

  /** Without interceptors there is nothing between the attempt and the engine, not even a promise. */
  #handshake(
    request: EngineRequest,
    attempt: BoundedAttempt,
    given: SessionConfig,
    timeouts: RequestTimeouts,
  ): Promise<AgreedHandshake> {
    const { engine } = this;
    if (this.#chain.length === 0 && timeouts.connectTimeout === undefined)
      return engine.open(request, attempt);
    return openThrough(this.#chain, engine, request, attempt, async (outgoing) => {
      if (outgoing !== request) checkCapabilities(engine, outgoing, given);
      const [bounded, connected] = boundConnecting(attempt, timeouts, engine.clock, outgoing.safeUrl);
      return await engine.open(outgoing, bounded).finally(connected);
    });
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

/** Of signals that are another library's, or of another realm: one that follows, and so one listener, for each. */
const followers = new WeakMap<AbortSignal, AbortSignal>();

/** One that the platform itself will listen to. */
function platformSignal(signal: AbortSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const foreign: AbortSignal = signal;
  const known = followers.get(foreign);
  if (known !== undefined) return known;
  const controller = new AbortController();
  foreign.addEventListener("abort", () => controller.abort(foreign.reason), { once: true });
  followers.set(foreign, controller.signal);
  return controller.signal;
}

/** Aborting the request's signal later drops the session. */
function endWith(signal: AbortSignal, session: WebSocketSession): void {
  void session.ended.then(onAbort(signal, () => session.cancel(signal.reason)));
}
