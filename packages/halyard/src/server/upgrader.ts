// SPDX-License-Identifier: Apache-2.0
import { Connection } from "../protocol/connection.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { WebSocketExtension } from "../protocol/extension.ts";
import { answerOffers } from "../protocol/extension-negotiation.ts";
import { ownOptions } from "../protocol/given.ts";
import { checkSubprotocols } from "../protocol/handshake/client-request.ts";
import type { ExtensionOffer } from "../protocol/handshake/header-grammar.ts";
import type { AcceptedRequest, Refusal } from "../protocol/handshake/server-handshake.ts";
import { type Clock, systemClock } from "../session/clock.ts";
import { type ResolvedSessionConfig, resolveConfig, type SessionConfig } from "../session/config.ts";
import { DefaultWebSocketSession, sessionOptions } from "../session/default-web-socket-session.ts";
import { checkLimit } from "../session/durations.ts";
import { type HandshakeCall, RequestHead, ResponseHead } from "../session/handshake-call.ts";
import { checkType } from "../session/options.ts";
import { runBlock } from "../session/run-block.ts";
import { safeUrl } from "../session/safe-url.ts";
import { WebSocketSession } from "../session/web-socket-session.ts";
import { nodeKernel } from "../sockets/node-kernel.ts";
import { SocketTransport } from "../sockets/socket-transport.ts";
import { checkHosts, isOneOf } from "./hosts.ts";
import type { ServerOptions } from "./options.ts";
import { type AllowedOrigins, checkOrigins, isAllowedOrigin } from "./origin.ts";
import type { SessionRequest } from "./session-request.ts";

/** Runs with each session of a route. When it returns the session is closed with 1000, when it throws with 1011. */
export type SessionHandler<S extends WebSocketSession = DefaultWebSocketSession> = (session: S) => unknown;

/** Who serves a path, and with which kind of session. */
export type Route =
  | { readonly mode: "default"; readonly handler: SessionHandler }
  | { readonly mode: "raw"; readonly handler: SessionHandler<WebSocketSession> };

/** What both sides have agreed on about extensions, before the client is told. */
interface Agreement {
  readonly answers: readonly ExtensionOffer[];
  readonly connection: Connection;
  readonly extensions: readonly WebSocketExtension[];
}

/** Turns requests into sessions, all with one configuration. */
export class Upgrader {
  /** The sessions that are open. */
  readonly sessions: Set<WebSocketSession> = new Set();
  readonly config: ResolvedSessionConfig;
  readonly clock: Clock;
  readonly #subprotocols: readonly string[];
  readonly #origins: AllowedOrigins;
  /** Null for any. */
  readonly #hosts: ReadonlySet<string> | null;
  readonly #maxConnections: number;
  readonly #onError: (error: unknown, session: WebSocketSession) => void;

  constructor(options: ServerOptions & SessionConfig) {
    checkType("the server's configuration", options, "object");
    const {
      subprotocols = [],
      origins = [],
      hosts,
      maxConnections = Infinity,
      onError = warn,
      clock = systemClock,
      ...config
    } = ownOptions(options);
    this.config = resolveConfig("the server", config);
    if (!Array.isArray(subprotocols)) throw new InvalidArgumentError("subprotocols is an array of strings");
    checkSubprotocols(subprotocols);
    checkType("onError", onError, "function");
    this.#subprotocols = [...subprotocols];
    this.#origins = checkOrigins(origins);
    this.#hosts = hosts === undefined ? null : checkHosts(hosts);
    this.#maxConnections = checkLimit("maxConnections", maxConnections);
    this.#onError = onError;
    this.clock = clock;
  }

  async upgrade(request: SessionRequest, route: Route): Promise<void> {
    const checked = request.check({ subprotocols: this.#subprotocols });
    if (!checked.accepted) return request.refuse(checked);
    if (this.#hosts !== null && !isOneOf(this.#hosts, request.headers)) {
      return request.refuse(refusal(421, "this server has another name"));
    }
    if (!isAllowedOrigin(request.headers, this.#origins)) {
      return request.refuse(refusal(403, "pages of this origin may not connect"));
    }
    if (this.sessions.size >= this.#maxConnections) {
      return request.refuse(refusal(503, "there are as many sessions as are allowed"));
    }
    const url = requestUrl(request);
    if (url === null) return request.refuse(refusal(400, "Host and target make no URL"));
    const agreement = this.#agree(route.mode, checked.extensionsOffered);
    if (agreement === null) return request.refuse(refusal(500, "an extension has failed"));
    const parts = this.#accept(agreement, request, checked, new RequestHead(url.href, request.headers));
    if (route.mode === "raw") await this.#run(new WebSocketSession(...parts), route.handler);
    else await this.#run(new DefaultWebSocketSession(...parts), route.handler);
  }

  /** Agrees on extensions; null when one of them throws, which the client can still be told. */
  #agree(mode: "raw" | "default", offers: AcceptedRequest["extensionsOffered"]): Agreement | null {
    const { limits, extensions: factories } = this.config;
    try {
      const { answers, negotiated } = answerOffers(mode === "raw" ? [] : factories, offers);
      const connection = new Connection({
        role: "server",
        mode,
        limits,
        extensions: negotiated,
        kernel: nodeKernel,
      });
      return { answers, connection, extensions: negotiated.map(({ extension }) => extension) };
    } catch (error) {
      warn(error);
      return null;
    }
  }

  /** Sends the answer and makes what a session is constructed with. */
  #accept(
    { answers, connection, extensions }: Agreement,
    upgrade: SessionRequest,
    accepted: AcceptedRequest,
    request: HandshakeCall["request"],
  ): ConstructorParameters<typeof DefaultWebSocketSession> {
    const { stream, early, status } = upgrade.accept(accepted, answers);
    const url = safeUrl(request.url);
    const transport = new SocketTransport(stream, connection, { masking: false, early, url });
    const { subprotocol } = accepted;
    const call = { request, response: new ResponseHead(status, accepted.headers), timings: noTimings };
    return [
      transport,
      sessionOptions(this.config, { clock: this.clock, subprotocol, extensions, call, url }),
    ];
  }

  async #run<S extends WebSocketSession>(session: S, handler: SessionHandler<S>): Promise<void> {
    this.sessions.add(session);
    try {
      await runBlock(session, handler);
    } catch (error) {
      // What ended the session itself, as clients do that just go away, is no fault of the handler's.
      if (error !== session.signal.reason) this.#tell(error, session);
    } finally {
      this.sessions.delete(session);
    }
  }

  #tell(error: unknown, session: WebSocketSession): void {
    try {
      this.#onError(error, session);
    } catch (failure) {
      // There is nobody left to throw at: it would end the process.
      warn(failure);
    }
  }
}

/** One object for all sessions: when the client began is its own to know. */
const noTimings = Object.freeze({});

/**
 * What was asked for. The Host header is only known to have the right characters, so it may still make no URL, and it
 * comes from anybody.
 */
function requestUrl({ target, headers, isTls }: SessionRequest): URL | null {
  const origin = `${isTls ? "wss" : "ws"}://${headers.get("Host")[0]}`;
  try {
    const url = new URL(target.startsWith("/") ? origin + target : target);
    url.username = "";
    url.password = "";
    return url;
  } catch {
    return null;
  }
}

export function refusal(status: number, message: string): Refusal {
  return { status, message, headers: [] };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(`a handler threw ${String(error)}`));
}
