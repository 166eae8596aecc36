// SPDX-License-Identifier: Apache-2.0
/// <reference lib="esnext.disposable" preserve="true" />
import { defaultEngine } from "#default-engine";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { ownOptions } from "../protocol/given.ts";
import { DefaultWebSocketSession } from "../session/default-web-socket-session.ts";
import { runBlock } from "../session/run-block.ts";
import { unlessAborted } from "../session/waiting.ts";
import { WebSocketSession } from "../session/web-socket-session.ts";
import { ClientCore, type SessionKind } from "./client-core.ts";
import type { HttpClientEngine, HttpClientEngineFactory } from "./engine.ts";
import type { HttpRequest } from "./http-request.ts";
import { OpenSessions } from "./open-sessions.ts";
import type { HttpClientPlugin, PluginInstance } from "./plugin.ts";
import type { WebSocketRequest } from "./request-parts.ts";

/** The session that `webSocket` and `webSocketSession` give. Ktor: `DefaultClientWebSocketSession`. */
export type DefaultClientWebSocketSession = DefaultWebSocketSession;
/** The session that the raw twins give. Ktor: `ClientWebSocketSession`. */
export type ClientWebSocketSession = WebSocketSession;

/** What a session is run with; its result is the result of the call. */
export type SessionBlock<S, R> = (session: S) => R | PromiseLike<R>;

const defaultKind: SessionKind<DefaultWebSocketSession> = {
  mode: "default",
  create: (transport, options) => new DefaultWebSocketSession(transport, options),
};
const rawKind: SessionKind<WebSocketSession> = {
  mode: "raw",
  create: (transport, options) => new WebSocketSession(transport, options),
};

/**
 * Opens WebSocket sessions through an engine, and sends the plain HTTP that goes with them. Ktor: `io.ktor.client.HttpClient`.
 *
 * A client is immutable: `install` gives a new one, which shares the engine and the open sessions with this one.
 *
 * @example
 * ```ts
 * import { HttpClient, WebSockets } from "halyard";
 *
 * const client = new HttpClient().install(WebSockets);
 * await client.webSocket("ws://127.0.0.1:8080/echo", async (session) => {
 *   await session.send("hello");
 * });
 * ```
 *
 * @typeParam Installed - the names of the installed plugins: a call that needs another one does not compile
 */
export class HttpClient<in Installed extends string = never, Options = unknown> implements AsyncDisposable {
  /** Keeps `Installed` in the type. A function, so that a client with more plugins serves where fewer are asked for. */
  declare protected readonly installed: (plugin: Installed) => void;
  readonly #core: ClientCore;

  /**
   * @param engine - what makes the engine, which `close()` then closes, or an engine, which stays its owner's to
   * close; without one, the best for the platform
   * @param options - for the engine that is made
   * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
   */
  constructor(engine?: HttpClientEngineFactory<Options> | HttpClientEngine, options?: Options);
  /** @internal */
  constructor(core: ClientCore);
  constructor(
    engine: HttpClientEngineFactory<Options> | HttpClientEngine | ClientCore = defaultEngine,
    options?: Options,
  ) {
    this.#core = engine instanceof ClientCore ? engine : makeCore(engine, options);
  }

  /** What this client connects with; `engine.capabilities` tells what that can do. */
  get engine(): HttpClientEngine {
    return this.#core.engine;
  }

  /**
   * A client that has the plugin, too. A plugin that is installed twice has both configurations, the second over the
   * first, also inside of plain objects; arrays and other objects are replaced.
   *
   * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
   */
  install<Name extends string, Config extends object, Instance extends PluginInstance>(
    plugin: HttpClientPlugin<Name, Config, Instance>,
    config?: Config,
  ): HttpClient<Installed | Name, Options> {
    return new HttpClient<Installed | Name, Options>(this.#core.with(plugin, config ?? {}));
  }

  /**
   * The plugin at work, with its configuration.
   *
   * @throws {@link PluginNotInstalledError}
   */
  plugin<Instance extends PluginInstance>(plugin: HttpClientPlugin<string, never, Instance>): Instance {
    return this.#core.plugin(plugin);
  }

  /**
   * Opens a session, runs the block with it, and closes it behind the block: with 1000 when the block returns, with
   * 1011 when it throws. Settles as the block did, once the connection is gone; when the request's signal aborts, with
   * its reason and without waiting for the block.
   *
   * @throws {@link ConnectionError}, {@link TlsError}, {@link HandshakeError}, {@link TimeoutError} when there is no
   * session; {@link InvalidArgumentError}, {@link UnsupportedCapabilityError} for a request that cannot be made;
   * {@link ClientClosedError} after `close()`; else what the block throws
   */
  async webSocket<R>(
    this: HttpClient<"WebSockets">,
    request: WebSocketRequest,
    block: SessionBlock<DefaultClientWebSocketSession, R>,
  ): Promise<R> {
    return await runWith(await this.webSocketSession(request), block, signalOf(request));
  }

  /** The same as {@link webSocket}. */
  async ws<R>(
    this: HttpClient<"WebSockets">,
    request: WebSocketRequest,
    block: SessionBlock<DefaultClientWebSocketSession, R>,
  ): Promise<R> {
    return await this.webSocket(request, block);
  }

  /** As {@link webSocket}, with TLS: the protocol is `wss` by default, and a URL without TLS is refused. */
  async wss<R>(
    this: HttpClient<"WebSockets">,
    request: WebSocketRequest,
    block: SessionBlock<DefaultClientWebSocketSession, R>,
  ): Promise<R> {
    return await runWith(await this.#core.open(defaultKind, request, "wss"), block, signalOf(request));
  }

  /**
   * Opens a session and gives it to the caller, who closes it: by `close()`, `cancel()` or `await using`.
   *
   * @throws as {@link webSocket}, but for the block
   */
  webSocketSession(
    this: HttpClient<"WebSockets">,
    request: WebSocketRequest,
  ): Promise<DefaultClientWebSocketSession> {
    return this.#core.open(defaultKind, request);
  }

  /**
   * As {@link webSocket} with a raw session: no automatic pong, no answer to a Close frame, no joining of fragments, no
   * keepalive. Ktor: `webSocketRaw`.
   */
  async webSocketRaw<R>(
    this: HttpClient<"WebSockets">,
    request: WebSocketRequest,
    block: SessionBlock<ClientWebSocketSession, R>,
  ): Promise<R> {
    return await runWith(await this.webSocketRawSession(request), block, signalOf(request));
  }

  /** The same as {@link webSocketRaw}. */
  async wsRaw<R>(
    this: HttpClient<"WebSockets">,
    request: WebSocketRequest,
    block: SessionBlock<ClientWebSocketSession, R>,
  ): Promise<R> {
    return await this.webSocketRaw(request, block);
  }

  /** As {@link webSocketRaw}, with TLS: the protocol is `wss` by default, and a URL without TLS is refused. */
  async wssRaw<R>(
    this: HttpClient<"WebSockets">,
    request: WebSocketRequest,
    block: SessionBlock<ClientWebSocketSession, R>,
  ): Promise<R> {
    return await runWith(await this.#core.open(rawKind, request, "wss"), block, signalOf(request));
  }

  /** Opens a raw session and gives it to the caller. Ktor: `webSocketRawSession`. */
  webSocketRawSession(
    this: HttpClient<"WebSockets">,
    request: WebSocketRequest,
  ): Promise<ClientWebSocketSession> {
    return this.#core.open(rawKind, request);
  }

  /**
   * Sends plain HTTP by the platform's `fetch`, through the same plugins as handshakes: log in, and open the socket with
   * the session. Resolves with the head of the response, whatever its status; the body is the platform's to read, and
   * `signal` aborts that, too. A body that is not wanted is to be cancelled. Ktor: `HttpClient.request`.
   *
   * @throws {@link ConnectionError}, {@link TlsError}, {@link TimeoutError} when there is no response;
   * {@link InvalidArgumentError}, {@link UnsupportedCapabilityError} for a request that cannot be made;
   * {@link ClientClosedError} after `close()`; else what a plugin throws
   */
  request(request: HttpRequest): Promise<Response> {
    return this.#core.request(request);
  }

  /** {@link request} with `GET`. */
  get(request: HttpRequest): Promise<Response> {
    return this.#core.request(request, "GET");
  }

  /** {@link request} with `POST`. */
  post(request: HttpRequest): Promise<Response> {
    return this.#core.request(request, "POST");
  }

  /** {@link request} with `PUT`. */
  put(request: HttpRequest): Promise<Response> {
    return this.#core.request(request, "PUT");
  }

  /** {@link request} with `PATCH`. */
  patch(request: HttpRequest): Promise<Response> {
    return this.#core.request(request, "PATCH");
  }

  /** {@link request} with `DELETE`. */
  delete(request: HttpRequest): Promise<Response> {
    return this.#core.request(request, "DELETE");
  }

  /** {@link request} with `HEAD`. */
  head(request: HttpRequest): Promise<Response> {
    return this.#core.request(request, "HEAD");
  }

  /**
   * Ends what is being opened, closes the open sessions with 1001 within their `closeTimeout`, and then the engine that
   * this client made. It does so for all clients that came of the same one by `install`. A further call gives the same
   * promise.
   */
  close(): Promise<void> {
    return this.#core.sessions.close();
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function makeCore<Options>(
  engine: HttpClientEngineFactory<Options> | HttpClientEngine,
  options?: Options,
): ClientCore {
  if (typeof engine !== "object" || engine === null || !("create" in engine || "open" in engine)) {
    throw new InvalidArgumentError("a client takes an engine, or what makes one, such as Cio");
  }
  if (!("create" in engine) && options !== undefined) {
    throw new InvalidArgumentError("the engine exists already: give the options to what makes it");
  }
  const made = "create" in engine ? engine.create(options) : engine;
  return new ClientCore(made, new OpenSessions(made, made !== engine), new Map());
}

function signalOf(request: WebSocketRequest): AbortSignal | undefined {
  return typeof request === "string" || request instanceof URL ? undefined : ownOptions(request).signal;
}

/** A block cannot be stopped from outside, so an abort does not wait for it: the session is gone by then. */
async function runWith<S extends WebSocketSession, R>(
  session: S,
  block: SessionBlock<S, R>,
  signal: AbortSignal | undefined,
): Promise<R> {
  const running = runBlock(session, block);
  if (signal === undefined) return await running;
  return await unlessAborted(running, signal);
}
