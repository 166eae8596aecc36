// SPDX-License-Identifier: Apache-2.0
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { HandshakeError } from "../../../protocol/errors.ts";
import type { AnswerLimits } from "../../../protocol/handshake/client-handshake.ts";
import type { Header } from "../../../protocol/handshake/header-list.ts";
import type { CancelTimer, Clock } from "../../../session/clock.ts";
import { http2Bounds, widenConnection } from "../../../sockets/http2-bounds.ts";
import { http2Codes } from "../../../sockets/http2-byte-stream.ts";
import { nodeHttp2 } from "../../../sockets/lazy-builtins.ts";
import { socketError } from "../../../sockets/socket-errors.ts";
import type { SocketStream } from "../../../sockets/socket-stream.ts";
import type { Together } from "./shared-attempt.ts";

/** How long a peer has to end a connection that we have ended, in milliseconds. */
const closeTimeout = 5_000;

/** What a connection of HTTP/2 is made with. */
export interface Http2ConnectionOptions {
  /** The origin's URL, for errors. */
  readonly url: string;
  readonly scheme: "http" | "https";
  readonly limits: AnswerLimits;
  readonly clock: Clock;
}

/** A connection of HTTP/2 that sessions share. It ends with the last of them. */
export class Http2Connection {
  /** Called when the connection is gone. */
  onClose: (() => void) | null = null;
  /** Called when nothing new can be opened any more. */
  onLeave: (() => void) | null = null;
  /** Whether nothing more can be opened. */
  hasLeft = false;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #isOver = false;
  #cancelTimer: CancelTimer | null = null;
  /** Streams, and places that are kept for some. */
  #taken = 0;
  #lastProcessed = Number.POSITIVE_INFINITY;
  #error: Error | undefined;

  private constructor(session: ClientHttp2Session, socket: Socket, clock: Clock) {
    this.#session = session;
    this.#socket = socket;
    this.#clock = clock;
    session.on("error", (error: Error) => (this.#error ??= error));
    session.on("goaway", (_code, lastStreamId) => {
      this.#lastProcessed = lastStreamId;
      this.leave();
    });
    session.on("close", () => {
      this.#isOver = true;
      this.#cancelTimer?.();
      this.leave();
      this.onClose?.();
    });
  }

  /**
   * Makes a connection of a socket whose peer has agreed to HTTP/2, or has to know it, and waits for its SETTINGS.
   *
   * @throws {@link HandshakeError} when it does not speak HTTP/2; {@link ConnectionError}; the reason of an abort
   */
  static open(
    stream: SocketStream,
    options: Http2ConnectionOptions,
    together: Together,
  ): Promise<Http2Connection> {
    const { url, scheme } = options;
    const socket = stream.release();
    // That was for us, who end it.
    socket.allowHalfOpen = false;
    // A TLS socket goes on after an error. Node's HTTP/2, told by the next listener, would wait for what can never be written.
    socket.on("error", (error) => socket.destroy(error));
    // Deno makes a URL of it, and there is none without SNI.
    if ("servername" in socket && socket.servername === "") Object.assign(socket, { servername: false });
    const session = nodeHttp2().connect(`${scheme}://localhost`, {
      ...sessionOptions(options.limits),
      createConnection: () => socket,
    });
    const connection = new Http2Connection(session, socket, options.clock);
    return new Promise((resolve, reject) => {
      together.onAbort((reason) => {
        session.destroy();
        reject(reason);
      });
      session.once("remoteSettings", () => {
        together.onAbort(null);
        widenConnection(session);
        resolve(connection);
      });
      session.once("close", () => {
        together.onAbort(null);
        reject(connection.#notEstablished(url));
      });
    });
  }

  /** What the peer lacks for WebSockets; null for nothing. */
  get lacks(): string | null {
    const { enableConnectProtocol, maxConcurrentStreams } = this.#session.remoteSettings;
    if (enableConnectProtocol !== true) {
      return "its SETTINGS do not enable the CONNECT protocol (RFC 8441 section 3)";
    }
    return maxConcurrentStreams === 0 ? "its SETTINGS allow no streams" : null;
  }

  get isLost(): boolean {
    return this.#session.destroyed;
  }

  /** Why the connection was lost. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Takes a place for a stream, which {@link giveBack} gives back, if there is one. */
  tryTake(): boolean {
    const { maxConcurrentStreams = Number.POSITIVE_INFINITY } = this.#session.remoteSettings;
    if (this.hasLeft || this.#taken >= maxConcurrentStreams) return false;
    this.#taken++;
    return true;
  }

  giveBack(): void {
    this.#taken--;
    this.endUnlessTaken();
  }

  endUnlessTaken(): void {
    if (this.#taken > 0) return;
    this.leave();
    this.#session.close();
    if (!this.#isOver && !this.#socket.destroyed)
      this.#cancelTimer ??= this.#clock.after(closeTimeout, () => this.destroy());
  }

  /** @throws the platform's error, for a header that it refuses or when the connection has just ended */
  request(headers: readonly Header[]): ClientHttp2Stream {
    return this.#session.request(headerObject(headers), { endStream: false });
  }

  /** Whether the peer has said that it did nothing about a stream (RFC 9113 section 8.7), so that it can be asked again. */
  hasRefused({ id, rstCode }: ClientHttp2Stream): boolean {
    return id === undefined || id > this.#lastProcessed || rstCode === http2Codes.REFUSED_STREAM;
  }

  /** Opens no stream from now on. */
  leave(): void {
    if (this.hasLeft) return;
    this.hasLeft = true;
    this.onLeave?.();
  }

  destroy(): void {
    // The platform would still wait for the peer, who may be dead.
    const isClosing = this.#session.closed;
    this.#session.destroy();
    if (isClosing) this.#socket.destroy();
  }

  #notEstablished(url: string): Error {
    const error = this.#error;
    // The platform's own errors of what it has read; those of the network come with their errno.
    const isOfHttp2 = error !== undefined && "code" in error && String(error.code).startsWith("ERR_HTTP2");
    return isOfHttp2
      ? new HandshakeError(`handshake with ${url} failed: the peer does not speak HTTP/2: ${error.message}`, {
          url,
          cause: error,
        })
      : socketError(error ?? new Error("the peer ended the connection before its SETTINGS"), "upgrade", url);
  }
}

/**
 * A head that the platform refuses, it drops in a way that may end the process on Node 20 and 22 (nodejs/node#39951). So it is let read more than is
 * accepted, and only what is far beyond is left to it.
 */
function sessionOptions({ maxHeadSize = 65_536, maxHeaders = 128 }: AnswerLimits) {
  const { initialWindowSize, maxSessionMemory } = http2Bounds;
  const most = (limit: number) => Math.min(4 * limit, 2 ** 31 - 1);
  return {
    settings: {
      enablePush: false,
      initialWindowSize,
      maxHeaderListSize: most(maxHeadSize + 32 * maxHeaders),
    },
    maxHeaderListPairs: most(maxHeaders),
    maxSessionMemory,
    maxReservedRemoteStreams: 0,
  };
}

/** The platform's form: what comes twice is an array. */
function headerObject(headers: readonly Header[]): OutgoingHttpHeaders {
  const object = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of headers) {
    const before = object[name];
    object[name] = before === undefined ? value : [before, value].flat();
  }
  return object;
}
