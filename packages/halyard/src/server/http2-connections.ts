// SPDX-License-Identifier: Apache-2.0
import type { Http2SecureServer, Http2Server, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { CancelTimer, Clock } from "../session/clock.ts";
import { http2Bounds, widenConnection } from "../sockets/http2-bounds.ts";
import { nodeHttp2 } from "../sockets/lazy-builtins.ts";
import { type ConnectHeaders, Http2Request } from "./http2-request.ts";

/** The most sessions that one client may have on one connection; for more it opens another. */
const maxConcurrentStreams = 100;

/** A server of HTTP/2 that knows extended CONNECT (RFC 8441 section 3), with TLS also of HTTP/1.1. */
export function createHttp2Server(
  limits: { readonly headersTimeout: number; readonly requestTimeout: number },
  tls: { cert: string; key: string } | null,
): Http2Server | Http2SecureServer {
  const { createServer, createSecureServer } = nodeHttp2();
  const { initialWindowSize, maxSessionMemory } = http2Bounds;
  const settings = {
    enableConnectProtocol: true,
    enablePush: false,
    maxConcurrentStreams,
    initialWindowSize,
  };
  if (tls === null) return createServer({ settings, maxSessionMemory });
  const server = createSecureServer({ ...limits, ...tls, settings, maxSessionMemory, allowHTTP1: true });
  // It does not take them from the options.
  return Object.assign(server, limits);
}

/**
 * The connections of HTTP/2 of a server. One that has had no session for as long as a handshake may take is ended, whatever else
 * comes on it.
 */
export class Http2Connections {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #connections = new Map<ServerHttp2Session, { sessions: number; cancelTimer: CancelTimer }>();

  constructor(options: { readonly clock: Clock; readonly timeout: number }) {
    this.#clock = options.clock;
    this.#timeout = options.timeout;
  }

  add(connection: ServerHttp2Session): void {
    widenConnection(connection);
    this.#connections.set(connection, { sessions: 0, cancelTimer: this.#endsSoon(connection) });
    connection.once("close", () => {
      this.#connections.get(connection)?.cancelTimer();
      this.#connections.delete(connection);
    });
  }

  /** The request of a `stream` event, by whose session its connection lives. */
  request(stream: ServerHttp2Stream, headers: ConnectHeaders): Http2Request {
    const { session } = stream;
    const known = session === undefined ? undefined : this.#connections.get(session as ServerHttp2Session);
    return new Http2Request(stream, headers, {
      accepted: () => {
        if (known === undefined) return;
        known.sessions++;
        known.cancelTimer();
      },
      released: () => {
        if (known === undefined || --known.sessions > 0) return;
        known.cancelTimer = this.#endsSoon(session as ServerHttp2Session);
      },
    });
  }

  /** Tells all clients to open nothing more (RFC 9113 section 6.8). */
  goAway(): void {
    // One that its client has just left is told of at the end of the turn.
    for (const connection of this.#connections.keys()) if (!connection.destroyed) connection.goaway();
  }

  #endsSoon(connection: ServerHttp2Session): CancelTimer {
    if (connection.destroyed) return () => undefined;
    return this.#clock.after(this.#timeout, () => connection.destroy());
  }
}
