// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { Connection } from "../protocol/connection.ts";
import { HeaderList, toHeaders } from "../protocol/handshake/header-list.ts";
import {
  type AcceptedHandshake,
  checkRequest,
  formatAcceptance,
  formatRefusal,
  type Refusal,
} from "../protocol/handshake/server-handshake.ts";
import { systemClock } from "../session/clock.ts";
import { type ResolvedSessionConfig, resolveConfig } from "../session/config.ts";
import { DefaultWebSocketSession } from "../session/default-web-socket-session.ts";
import { runBlock } from "../session/run-block.ts";
import { WebSocketSession } from "../session/web-socket-session.ts";
import { SocketStream } from "../sockets/socket-stream.ts";
import { SocketTransport } from "../sockets/socket-transport.ts";
import type { ServerOptions } from "./options.ts";

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

/** Turns `upgrade` events into sessions, all with one configuration. */
export class Upgrader {
  /** The sessions that are open. */
  readonly sessions: Set<WebSocketSession> = new Set();
  readonly #config: ResolvedSessionConfig;
  readonly #subprotocols: readonly string[];
  readonly #onError: (error: unknown, session: WebSocketSession) => void;

  constructor({ subprotocols = [], onError = warn, ...config }: ServerOptions) {
    this.#config = resolveConfig("the server", config);
    this.#subprotocols = [...subprotocols];
    this.#onError = onError;
  }

  async upgrade(upgrade: Upgrade, route: Route): Promise<void> {
    const { method = "", url: target = "", httpVersion, rawHeaders } = upgrade.request;
    const headers = headerList(rawHeaders);
    const checked = checkRequest(
      { method, httpVersion, target, headers },
      { subprotocols: this.#subprotocols },
    );
    if (!checked.accepted) return refuse(upgrade.socket, checked);
    if (route.mode === "raw") await this.#run(this.#raw(upgrade, checked, headers), route.handler);
    else await this.#run(this.#default(upgrade, checked, headers), route.handler);
  }

  #raw(upgrade: Upgrade, accepted: AcceptedHandshake, headers: HeaderList): WebSocketSession {
    return new WebSocketSession(...this.#accept("raw", upgrade, accepted, headers));
  }

  #default(upgrade: Upgrade, accepted: AcceptedHandshake, headers: HeaderList): DefaultWebSocketSession {
    return new DefaultWebSocketSession(...this.#accept("default", upgrade, accepted, headers));
  }

  /** Sends the 101 and makes what a session is constructed with. */
  #accept(
    mode: "raw" | "default",
    { request, socket, head }: Upgrade,
    accepted: AcceptedHandshake,
    headers: HeaderList,
  ): ConstructorParameters<typeof DefaultWebSocketSession> {
    const stream = SocketStream.adopt(socket);
    stream.write([formatAcceptance(accepted)], () => undefined);
    const connection = new Connection({ role: "server", mode, limits: this.#config.limits });
    const transport = new SocketTransport(stream, connection, { masking: false, early: head });
    const url = new URL(request.url ?? "/", `ws://${headers.get("Host")[0] ?? "localhost"}`);
    return [
      transport,
      {
        ...this.#config,
        clock: systemClock,
        subprotocol: accepted.subprotocol,
        call: {
          request: { url, headers: toHeaders(headers) },
          response: { status: 101, headers: toHeaders(accepted.headers) },
        },
      },
    ];
  }

  async #run<S extends WebSocketSession>(session: S, handler: SessionHandler<S>): Promise<void> {
    this.sessions.add(session);
    try {
      await runBlock(session, handler);
    } catch (error) {
      // What ended the session itself, as clients do that just go away, is no fault of the handler's.
      if (error !== (await session.ended).error) this.#onError(error, session);
    } finally {
      this.sessions.delete(session);
    }
  }
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
