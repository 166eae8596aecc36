// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { ExtensionOffer } from "../protocol/handshake/header-grammar.ts";
import { HeaderList } from "../protocol/handshake/header-list.ts";
import {
  type AcceptedRequest,
  checkRequest,
  formatAcceptance,
  formatRefusal,
  type Refusal,
  type RefusedHandshake,
  type ServerHandshakeOptions,
} from "../protocol/handshake/server-handshake.ts";
import { SocketStream } from "../sockets/socket-stream.ts";
import type { ServerOptions } from "./options.ts";
import type { SessionCarrier, SessionRequest } from "./session-request.ts";
import { type SessionHandler, Upgrader } from "./upgrader.ts";

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
  const upgrader = upgraderFor(options);
  return upgrader.upgrade(new Http1Request(request, socket as Socket, head), { mode: "default", handler });
}

/** Options of a whole server, of which one request knows nothing, and what does the same. */
const notOfOneUpgrade = {
  handshakeTimeout: "set its headersTimeout",
  maxConnections: "count the sessions, or set its maxConnections",
};

/** @throws {@link InvalidArgumentError} */
export function upgraderFor(options: ServerOptions): Upgrader {
  const upgrader = new Upgrader(options);
  for (const [option, instead] of Object.entries(notOfOneUpgrade)) {
    if (!Object.hasOwn(options, option)) continue;
    throw new InvalidArgumentError(`${option} is not for an HTTP server of your own: ${instead}`);
  }
  return upgrader;
}

/** One `upgrade` event. */
export class Http1Request implements SessionRequest {
  readonly headers: HeaderList;
  readonly target: string;
  readonly isTls: boolean;
  readonly #request: UpgradeRequest;
  readonly #socket: Socket;
  readonly #head: Uint8Array;

  constructor(request: UpgradeRequest, socket: Socket, head: Uint8Array) {
    this.headers = headerList(request.rawHeaders);
    this.target = request.url ?? "";
    // Of Bun no socket is a TLSSocket here.
    this.isTls = "encrypted" in socket && socket.encrypted === true;
    this.#request = request;
    this.#socket = socket;
    this.#head = head;
  }

  check(options: ServerHandshakeOptions): AcceptedRequest | RefusedHandshake {
    const { method = "", httpVersion } = this.#request;
    const { target, headers } = this;
    return checkRequest({ method, httpVersion, target, headers }, options);
  }

  refuse(refusal: Refusal): void {
    const socket = this.#socket;
    // The client may be gone already, which is not our concern here.
    socket.on("error", () => socket.destroy());
    socket.end(formatRefusal(refusal), () => socket.destroy());
  }

  accept(accepted: AcceptedRequest, extensions: readonly ExtensionOffer[]): SessionCarrier {
    const stream = SocketStream.adopt(this.#socket);
    stream.write([formatAcceptance(accepted, extensions)], () => undefined);
    return { stream, early: this.#head, status: 101 };
  }
}

function headerList(rawHeaders: readonly string[]): HeaderList {
  const headers = new HeaderList();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    headers.add(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  return headers;
}
