// SPDX-License-Identifier: Apache-2.0
/// <reference lib="esnext.disposable" preserve="true" />
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Http2SecureServer, Http2Server, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { CloseReason } from "../protocol/close-reason.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { ownOptions, shown } from "../protocol/given.ts";
import type { DefaultWebSocketSession } from "../session/default-web-socket-session.ts";
import { checkType, pickOptions } from "../session/options.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import { nodeHttps, nodeTls } from "../sockets/lazy-builtins.ts";
import { createHttp2Server, Http2Connections } from "./http2-connections.ts";
import type { ConnectHeaders } from "./http2-request.ts";
import type { ServerOptions } from "./options.ts";
import type { SessionRequest } from "./session-request.ts";
import { Http1Request } from "./upgrade.ts";
import { type Route, refusal, type SessionHandler, Upgrader } from "./upgrader.ts";

/** Where a server listens. */
export interface ListenOptions {
  /** 0 for any free one. @defaultValue 0 */
  readonly port?: number | undefined;
  /** @defaultValue "127.0.0.1", which only this machine can reach */
  readonly host?: string | undefined;
  /** The path of a Unix socket, instead of host and port. */
  readonly socketPath?: string | undefined;
}

/** What can be configured of a {@link WebSocketServer}. */
export interface WebSocketServerOptions extends ServerOptions {
  /** Milliseconds for TLS, and for the head of a request. @defaultValue 10,000 */
  readonly handshakeTimeout?: number | undefined;
  /** Certificate chain and private key, PEM, for wss. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array } | undefined;
  /**
   * Whether to speak HTTP/2 (RFC 8441): with `tls` besides HTTP/1.1, as the client chooses; without only HTTP/2, to clients
   * and proxies that know it without being asked.
   * @defaultValue false
   */
  readonly http2?: boolean | undefined;
}

/**
 * A WebSocket server with routes: the other side of the same session. For a server of your own see
 * {@link upgradeWebSocket}.
 *
 * @example
 * ```ts
 * import { WebSocketServer } from "halyard/server";
 *
 * const server = new WebSocketServer().webSocket("/echo", async (session) => {
 *   for await (const frame of session.incoming) await session.send(frame);
 * });
 * const { url } = await server.listen({ port: 8080 });
 * ```
 */
export class WebSocketServer implements AsyncDisposable {
  readonly #server: Server | Http2Server | Http2SecureServer;
  readonly #http2: Http2Connections;
  readonly #isTls: boolean;
  readonly #upgrader: Upgrader;
  readonly #routes = new Map<string, Route>();
  /** Every connection, those in the middle of TLS included, which the HTTP server does not know yet. */
  readonly #sockets = new Set<Socket>();
  #listening: Promise<unknown> | undefined;
  #closing: Promise<void> | null = null;

  /** @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used */
  constructor(options: WebSocketServerOptions = {}) {
    checkType("the server's configuration", options, "object");
    const { tls, http2 = false, ...sessionOptions } = ownOptions(options);
    checkType("http2", http2, "boolean");
    this.#upgrader = new Upgrader(sessionOptions);
    this.#isTls = tls !== undefined;
    // TLS, and the head of a handshake, have the same time as the whole of it on a client.
    const timeout = Math.ceil(this.#upgrader.config.handshakeTimeout);
    const limits = {
      handshakeTimeout: timeout,
      headersTimeout: timeout,
      requestTimeout: timeout,
      connectionsCheckingInterval: Math.ceil(timeout / 4),
    };
    const identity = tls === undefined ? null : checkTls(tls);
    this.#http2 = new Http2Connections({ clock: this.#upgrader.clock, timeout });
    if (http2) this.#server = createHttp2Server(limits, identity);
    else
      this.#server =
        identity === null ? createServer(limits) : nodeHttps().createServer({ ...limits, ...identity });
    const server: NetServer = this.#server;
    server.on("request", needUpgrade);
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#serve(new Http1Request(request, socket, head)),
    );
    if (!http2) return;
    // With a listener of requests the platform answers every stream, a CONNECT by 405.
    server.removeAllListeners("stream");
    server.on("session", (connection: ServerHttp2Session) => this.#http2.add(connection));
    server.on("stream", (stream: ServerHttp2Stream, headers: ConnectHeaders) =>
      this.#serve(this.#http2.request(stream, headers)),
    );
  }

  /**
   * Serves a path, compared as it is on the wire, without the query. The path of a target in absolute form, such as
   * `ws://h/echo`, begins behind the host. The last handler of a path counts.
   */
  webSocket(path: string, handler: SessionHandler<DefaultWebSocketSession>): this {
    this.#routes.set(path, { mode: "default", handler });
    return this;
  }

  /** As {@link webSocket}, with raw sessions. */
  webSocketRaw(path: string, handler: SessionHandler<WebSocketSession>): this {
    this.#routes.set(path, { mode: "raw", handler });
    return this;
  }

  /**
   * Begins to listen.
   *
   * @returns the port, and the URL without a path; on a Unix socket a URL for its host, and port 0
   * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
   * @throws the platform's error, for example `EADDRINUSE`
   */
  async listen(options: ListenOptions = {}): Promise<{ readonly url: string; readonly port: number }> {
    if (this.#closing !== null) throw new InvalidArgumentError("the server was closed: make a new one");
    const { port, host, socketPath } = listenOptions(options);
    this.#server.listen(socketPath === undefined ? { port, host } : { path: socketPath });
    this.#listening = once(this.#server, "listening");
    await this.#listening;
    // Later errors are of accepting, such as too many open files: the next connection tries again.
    this.#server.on("error", (error) => process.emitWarning(error));
    const scheme = this.#isTls ? "wss" : "ws";
    if (socketPath !== undefined) return { url: `${scheme}://localhost`, port: 0 };
    const bound = this.#server.address() as AddressInfo;
    const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
    return { url: `${scheme}://${name}:${bound.port}`, port: bound.port };
  }

  /**
   * Accepts nothing more, closes the sessions with 1001 within their `closeTimeout`, and resolves when every connection
   * is gone. A further call gives the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #serve(request: SessionRequest): void {
    if (this.#closing !== null) return request.refuse(refusal(503, "the server is shutting down"));
    const route = this.#routes.get(pathOf(request.target));
    if (route === undefined) return request.refuse(refusal(404, "nothing is served at this path"));
    void this.#upgrader.upgrade(request, route);
  }

  async #closeAll(): Promise<void> {
    // A server that has only begun to listen cannot be closed yet.
    await Promise.allSettled([this.#listening]);
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
    this.#http2.goAway();
    const reason = new CloseReason(CloseReason.Codes.GOING_AWAY, "the server is shutting down");
    await Promise.all(Array.from(this.#upgrader.sessions, (session) => session.close(reason)));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** The path of a request target, which may have scheme and host before it (RFC 9112 section 3.2.2). */
function pathOf(target: string): string {
  return target.replace(/^(?:http|ws)s?:\/\/[^/?]*/i, "").split("?", 1)[0] || "/";
}

function listenOptions(options: ListenOptions): {
  port: number;
  host: string;
  socketPath: string | undefined;
} {
  const known = ["port", "host", "socketPath"] as const;
  const { port = 0, host = "127.0.0.1", socketPath } = pickOptions<ListenOptions>("listen", options, known);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError(`port ${shown(port)} is not an integer between 0 and 65535`);
  }
  checkName("host", host);
  if (socketPath !== undefined) checkName("socketPath", socketPath);
  return { port, host, socketPath };
}

function checkName(name: string, value: string): void {
  checkType(name, value, "string");
  if (value === "") throw new InvalidArgumentError(`${name} is empty`);
}

function checkTls(tls: NonNullable<WebSocketServerOptions["tls"]>): { cert: string; key: string } {
  const { cert, key } = pickOptions<typeof tls>("the server's tls", tls, ["cert", "key"]);
  if (cert === undefined || key === undefined) throw new InvalidArgumentError("tls needs both cert and key");
  // The platform's types want a Buffer, and the platform takes any bytes.
  const identity = { cert: cert as string, key: key as string };
  try {
    nodeTls().createSecureContext(identity);
  } catch (cause) {
    throw new InvalidArgumentError(`cert or key of tls cannot be used: ${(cause as Error).message}`, {
      cause,
    });
  }
  return identity;
}

/** RFC 9110 section 15.5.22, for requests that ask for no upgrade. */
function needUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, {
    Upgrade: "websocket",
    Connection: "Upgrade, close",
    "Content-Type": "text/plain",
  });
  response.end("this is a WebSocket server\n");
}
