// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { Connection } from "../protocol/connection.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { WebSocketExtension } from "../protocol/extension.ts";
import { answerOffers } from "../protocol/extension-negotiation.ts";
import { checkSubprotocols } from "../protocol/handshake/client-request.ts";
import type { ExtensionOffer } from "../protocol/handshake/header-grammar.ts";
import { HeaderList } from "../protocol/handshake/header-list.ts";
import {
  type AcceptedHandshake,
  checkRequest,
  formatAcceptance,
  formatRefusal,
  type Refusal,
} from "../protocol/handshake/server-handshake.ts";
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
import { SocketStream } from "../sockets/socket-stream.ts";
import { SocketTransport } from "../sockets/socket-transport.ts";
import type { ServerOptions } from "./options.ts";
import { type AllowedOrigins, checkOrigins, isAllowedOrigin } from "./origin.ts";

/** Runs with each session of a route. When it returns the session is closed with 1000, when it throws with 1011. */
export type SessionHandler<S extends WebSocketSession = DefaultWebSocketSession> = (session: S) => unknown;

/** What is read of a `node:http` request. */
export interface UpgradeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** The socket of an `upgrade` event: a `net.Socket` or `tls.TLSSocket`. */
export interface UpgradeSocket {
  destroy(error?: Error): unknown;
}

/**
 * Answers the `upgrade` event of any `node:http` or `node:https` server with a session.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { upgradeWebSocket } from "halyard/server";
 *
 * const server = createServer();
 * server.on("upgrade", (request, socket, head) =>
 *   upgradeWebSocket(request, socket, head, async (session) => {
 *     for await (const frame of session.incoming) await session.send(frame);
 *   }),
 * );
 * ```
 *
 * @returns when the session has ended, or the handshake was refused; it never rejects
 * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
 */
export function upgradeWebSocket(
  request: UpgradeRequest,
  socket: UpgradeSocket,
  head: Uint8Array,
  handler: SessionHandler,
  options: ServerOptions = {},
): Promise<void> {
  const upgrader = new Upgrader(options);
  if ("handshakeTimeout" in options) {
    throw new InvalidArgumentError(
      "handshakeTimeout is not for an HTTP server of your own: set its headersTimeout",
    );
  }
  return upgrader.upgrade({ request, socket: socket as Socket, head }, { mode: "default", handler });
}

/** One `upgrade` event. */
export interface Upgrade {
  readonly request: UpgradeRequest;
  readonly socket: Socket;
  readonly head: Uint8Array;
}

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

/** Turns `upgrade` events into sessions, all with one configuration. */
export class Upgrader {
  /** The sessions that are open. */
  readonly sessions: Set<WebSocketSession> = new Set();
  readonly config: ResolvedSessionConfig;
  readonly #subprotocols: readonly string[];
  readonly #origins: AllowedOrigins;
  readonly #maxConnections: number;
  readonly #clock: Clock;
  readonly #onError: (error: unknown, session: WebSocketSession) => void;

  constructor(options: ServerOptions & SessionConfig) {
    checkType("the server's configuration", options, "object");
    const {
      subprotocols = [],
      origins = [],
      maxConnections = Infinity,
      onError = warn,
      clock = systemClock,
      ...config
    } = options;
    this.config = resolveConfig("the server", config);
    if (!Array.isArray(subprotocols)) throw new InvalidArgumentError("subprotocols is an array of strings");
    checkSubprotocols(subprotocols);
    checkType("onError", onError, "function");
    this.#subprotocols = [...subprotocols];
    this.#origins = checkOrigins(origins);
    this.#maxConnections = checkLimit("maxConnections", maxConnections);
    this.#onError = onError;
    this.#clock = clock;
  }

  async upgrade(upgrade: Upgrade, route: Route): Promise<void> {
    const { method = "", url: target = "", httpVersion, rawHeaders } = upgrade.request;
    const headers = headerList(rawHeaders);
    const checked = checkRequest(
      { method, httpVersion, target, headers },
      { subprotocols: this.#subprotocols },
    );
    if (!checked.accepted) return refuse(upgrade.socket, checked);
    if (!isAllowedOrigin(headers, this.#origins)) {
      return refuse(upgrade.socket, refusal(403, "pages of this origin may not connect"));
    }
    if (this.sessions.size >= this.#maxConnections) {
      return refuse(upgrade.socket, refusal(503, "there are as many sessions as are allowed"));
    }
    // Of Bun no socket is a TLSSocket here.
    const isTls = "encrypted" in upgrade.socket && upgrade.socket.encrypted === true;
    const url = requestUrl(target, headers, isTls);
    if (url === null) {
      return refuse(upgrade.socket, refusal(400, "Host and target make no URL"));
    }
    const agreement = this.#agree(route.mode, checked.extensionsOffered);
    if (agreement === null) return refuse(upgrade.socket, refusal(500, "an extension has failed"));
    const parts = this.#accept(agreement, upgrade, checked, new RequestHead(url.href, headers));
    if (route.mode === "raw") await this.#run(new WebSocketSession(...parts), route.handler);
    else await this.#run(new DefaultWebSocketSession(...parts), route.handler);
  }

  /** Agrees on extensions; null when one of them throws, which the client can still be told. */
  #agree(mode: "raw" | "default", offers: AcceptedHandshake["extensionsOffered"]): Agreement | null {
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

  /** Sends the 101 and makes what a session is constructed with. */
  #accept(
    { answers, connection, extensions }: Agreement,
    { socket, head }: Upgrade,
    accepted: AcceptedHandshake,
    request: HandshakeCall["request"],
  ): ConstructorParameters<typeof DefaultWebSocketSession> {
    const stream = SocketStream.adopt(socket);
    stream.write([formatAcceptance(accepted, answers)], () => undefined);
    const transport = new SocketTransport(stream, connection, { masking: false, early: head });
    const { subprotocol } = accepted;
    const call = { request, response: new ResponseHead(101, accepted.headers), timings: noTimings };
    const url = safeUrl(request.url);
    return [
      transport,
      sessionOptions(this.config, { clock: this.#clock, subprotocol, extensions, call, url }),
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
function requestUrl(target: string, headers: HeaderList, isTls: boolean): URL | null {
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

/** Answers with something else than a session. */
export function refuse(socket: Socket, refusal: Refusal): void {
  // The client may be gone already, which is not our concern here.
  socket.on("error", () => socket.destroy());
  socket.end(formatRefusal(refusal), () => socket.destroy());
}

function headerList(rawHeaders: readonly string[]): HeaderList {
  const headers = new HeaderList();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    headers.add(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  return headers;
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(`a handler threw ${String(error)}`));
}
