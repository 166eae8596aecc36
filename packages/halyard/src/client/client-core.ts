// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { ResolvedSessionConfig } from "../session/config.ts";
import type { DefaultSessionOptions } from "../session/default-web-socket-session.ts";
import { sessionOptions } from "../session/default-web-socket-session.ts";
import { checkTimeout } from "../session/durations.ts";
import { RequestHead } from "../session/handshake-call.ts";
import { safeUrl } from "../session/safe-url.ts";
import type { Transport } from "../session/transport.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import { BoundedAttempt } from "./attempt.ts";
import { checkCapabilities } from "./capabilities.ts";
import type { EngineConnection, EngineRequest, HttpClientEngine } from "./engine.ts";
import { PluginNotInstalledError } from "./errors.ts";
import { mergeOptions } from "./merge-options.ts";
import type { OpenSessions } from "./open-sessions.ts";
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

/** What stands behind a client: the engine, the open sessions, the plugins. */
export class ClientCore {
  readonly engine: HttpClientEngine;
  readonly sessions: OpenSessions;
  readonly #plugins: ReadonlyMap<string, InstalledPlugin>;
  #lastSafeUrl = "";

  constructor(
    engine: HttpClientEngine,
    sessions: OpenSessions,
    plugins: ReadonlyMap<string, InstalledPlugin>,
  ) {
    this.engine = engine;
    this.sessions = sessions;
    this.#plugins = plugins;
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
    const { config, given } = this.plugin(WebSockets);
    const options = requestOptions(request);
    const engineRequest = this.#engineRequest(kind.mode, options, config, scheme);
    checkCapabilities(this.engine, engineRequest, given);
    const attempt = new BoundedAttempt({
      clock: this.engine.clock,
      timeout: checkTimeout("timeout", options.timeout ?? config.handshakeTimeout),
      caller: options.signal,
      safeUrl: engineRequest.safeUrl,
    });
    const session = await this.sessions.during(attempt, () =>
      attempt.run(
        (bounds) => this.engine.open(engineRequest, bounds),
        (connection) => {
          const made = this.#session(kind, engineRequest, connection, config);
          if (options.signal !== undefined) endWith(options.signal, made);
          return made;
        },
      ),
    );
    // An abort may come between the making of the session and this line; it has cancelled the session then.
    options.signal?.throwIfAborted();
    return session;
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
    const { subprotocols, socketPath } = parts;
    const extensions = mode === "raw" ? [] : config.extensions;
    const { limits } = config;
    return { url, safeUrl: this.#safeUrl(url), headers, subprotocols, extensions, socketPath, mode, limits };
  }

  /** The same string for all sessions with one URL. */
  #safeUrl(url: URL): string {
    const safe = safeUrl(url);
    if (safe !== this.#lastSafeUrl) this.#lastSafeUrl = safe;
    return this.#lastSafeUrl;
  }

  #session<S extends WebSocketSession>(
    kind: SessionKind<S>,
    request: EngineRequest,
    { transport, subprotocol, extensions, response }: EngineConnection,
    config: ResolvedSessionConfig,
  ): S {
    const call = { request: new RequestHead(request.url.href, request.headers), response };
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
