// SPDX-License-Identifier: Apache-2.0
import type { Attempt } from "../../../client/engine.ts";
import { ClientClosedError } from "../../../client/errors.ts";
import { HandshakeError } from "../../../protocol/errors.ts";
import type { AnswerLimits } from "../../../protocol/handshake/client-handshake.ts";
import type { Clock } from "../../../session/clock.ts";
import type { SocketStream } from "../../../sockets/socket-stream.ts";
import type { Plan } from "../plan.ts";
import { dialThrough } from "../proxy/tunnel.ts";
import { Http2Connection } from "./http2-connection.ts";
import { SharedAttempt, type Together } from "./shared-attempt.ts";

/** How long is remembered that an origin has no WebSockets over HTTP/2, in milliseconds, and of how many origins. */
const memory = 10 * 60_000;
const mostRemembered = 1_000;

/** A connection with a place on it, or a way by HTTP/1.1: a socket that is open already, or none. */
export type Way = Http2Connection | SocketStream | null;

/** A connection of a peer that has no WebSockets over HTTP/2. */
interface Lacking {
  readonly lacks: string;
  /** Where it has chosen HTTP/1.1, for the first who takes it. */
  stream: SocketStream | null;
}

export interface Http2OriginsOptions {
  readonly mode: "prefer" | "require";
  readonly limits: AnswerLimits;
  readonly clock: Clock;
  /** Called when the last connection has gone. */
  readonly emptied: () => void;
}

/** The connections of HTTP/2 of one engine, whose options they have in common, by origin. */
export class Http2Origins {
  readonly #options: Http2OriginsOptions;
  /** Those with which something new can be opened. */
  readonly #connections = new Map<string, Set<Http2Connection>>();
  readonly #opening = new Map<string, SharedAttempt<Http2Connection | Lacking>>();
  /** Until when an origin is spoken to over HTTP/1.1. The one that was heard of last stands last. */
  readonly #withoutHttp2 = new Map<string, number>();
  readonly #all = new Set<Http2Connection>();
  #isClosed = false;

  constructor(options: Http2OriginsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  /**
   * Finds a way to an origin.
   *
   * @throws {@link HandshakeError} when HTTP/2 is required and the peer does not have it; {@link ConnectionError};
   * {@link TlsError}; {@link ClientClosedError} when it was closed meanwhile; the reason of an abort
   */
  async way(plan: Plan, attempt: Attempt): Promise<Way> {
    const { mode } = this.#options;
    // Without TLS nothing tells what the peer speaks (RFC 9113 section 3.3).
    if (mode === "prefer" && plan.dial.tls === null) return null;
    const key = keyOf(plan);
    for (;;) {
      if (this.#isWithoutHttp2(key)) return null;
      for (const connection of this.#connections.get(key) ?? []) if (connection.tryTake()) return connection;
      const opened = await this.#open(key, plan).join(attempt);
      if (opened instanceof Http2Connection) continue;
      if (mode === "require") throw lacking(plan, opened.lacks);
      this.#remember(key);
      const { stream } = opened;
      opened.stream = null;
      return stream;
    }
  }

  /** From now on the origin is spoken to over HTTP/1.1, for a while. @throws {@link HandshakeError} when HTTP/2 is required */
  giveUp(plan: Plan, lacks: string): void {
    if (this.#options.mode === "require") throw lacking(plan, lacks);
    this.#remember(keyOf(plan));
  }

  destroy(): void {
    this.#isClosed = true;
    for (const connection of this.#all) connection.destroy();
  }

  /** Who comes while a connection is being opened waits for that one. */
  #open(key: string, plan: Plan): SharedAttempt<Http2Connection | Lacking> {
    const current = this.#opening.get(key);
    if (current?.isGivenUp === false) return current;
    const opening = new SharedAttempt((together) => this.#connect(key, plan, together));
    this.#opening.set(key, opening);
    const isOver = () => {
      if (this.#opening.get(key) === opening) this.#opening.delete(key);
    };
    opening.result.then((opened) => {
      isOver();
      // By then all who have waited have taken what they want.
      setImmediate(() => {
        if (opened instanceof Http2Connection) opened.endUnlessTaken();
        else opened.stream?.destroy();
      });
    }, isOver);
    return opening;
  }

  async #connect(key: string, plan: Plan, together: Together): Promise<Http2Connection | Lacking> {
    const url = originUrl(plan);
    const isTls = plan.dial.tls !== null;
    const stream = await dialThrough(
      plan.tunnel,
      { ...plan.dial, http2: true, isReleasable: true },
      { url, ...together },
    );
    const protocol = isTls ? stream.protocol : "h2";
    if (protocol !== "h2") return { stream, lacks: `it chose ${protocol || "no protocol"} instead of h2` };
    together.entered("upgrade");
    const { limits, clock } = this.#options;
    const options = { url, scheme: isTls ? "https" : "http", limits, clock } as const;
    const connection = await Http2Connection.open(stream, options, together);
    const { lacks } = connection;
    if (this.#isClosed || lacks !== null) connection.destroy();
    if (this.#isClosed) throw new ClientClosedError("the engine is closed");
    if (lacks !== null) return { stream: null, lacks };
    this.#own(key, connection);
    return connection;
  }

  #own(key: string, connection: Http2Connection): void {
    const connections = this.#connections.get(key) ?? new Set();
    this.#connections.set(key, connections);
    connections.add(connection);
    this.#all.add(connection);
    connection.onLeave = () => {
      connections.delete(connection);
      if (connections.size === 0) this.#connections.delete(key);
    };
    connection.onClose = () => {
      this.#all.delete(connection);
      if (this.#all.size === 0) this.#options.emptied();
    };
  }

  #isWithoutHttp2(key: string): boolean {
    return (this.#withoutHttp2.get(key) ?? Number.NEGATIVE_INFINITY) > this.#options.clock.now();
  }

  #remember(key: string): void {
    this.#withoutHttp2.delete(key);
    this.#withoutHttp2.set(key, this.#options.clock.now() + memory);
    const [oldest] = this.#withoutHttp2.keys();
    if (this.#withoutHttp2.size > mostRemembered && oldest !== undefined) this.#withoutHttp2.delete(oldest);
  }
}

function lacking(plan: Plan, lacks: string): HandshakeError {
  const url = originUrl(plan);
  return new HandshakeError(
    `handshake with ${url} failed: the server has no WebSockets over HTTP/2: ${lacks}; ` +
      'set the engine\'s http2 to "prefer" to use HTTP/1.1 then',
    { url },
  );
}

/** Without path and query, which differ between those who share a connection. */
function originUrl({ request: { url } }: Plan): string {
  return `${url.protocol}//${url.host}/`;
}

/** Who asks for a proxy, or has other credentials for it, is not to come by another way. */
function keyOf({ dial: { host, port, socketPath, tls }, tunnel }: Plan): string {
  return JSON.stringify([tls !== null, host, port, socketPath, tunnel?.proxy]);
}
