// SPDX-License-Identifier: Apache-2.0
/// <reference lib="esnext.disposable" preserve="true" />
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { CloseReason } from "../protocol/close-reason.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { DefaultWebSocketSession } from "../session/default-web-socket-session.ts";
import { checkType, pickOptions } from "../session/options.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import { nodeHttps, nodeTls } from "../sockets/lazy-builtins.ts";
import type { ServerOptions } from "./options.ts";
import { type Route, refusal, refuse, type SessionHandler, Upgrader } from "./upgrade.ts";

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
  readonly #server: Server;
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
    const { tls, ...sessionOptions } = options;
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
    this.#server =
      tls === undefined
        ? createServer(limits, needUpgrade)
        : nodeHttps().createServer({ ...limits, ...checkTls(tls) }, needUpgrade);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(request, socket, head),
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

  #upgrade(request: IncomingMessage, socket: Socket, head: Uint8Array): void {
    if (this.#closing !== null) return refuse(socket, refusal(503, "the server is shutting down"));
    const route = this.#routes.get(pathOf(request.url ?? "/"));
    if (route === undefined) return refuse(socket, refusal(404, "nothing is served at this path"));
    void this.#upgrader.upgrade({ request, socket, head }, route);
  }

  async #closeAll(): Promise<void> {
    // A server that has only begun to listen cannot be closed yet.
    await Promise.allSettled([this.#listening]);
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
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

function listenOptions(options: ListenOptions): { port: number; host: string; socketPath?: string } {
  const known = ["port", "host", "socketPath"] as const;
  const { port = 0, host = "127.0.0.1", socketPath } = pickOptions<ListenOptions>("listen", options, known);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError(`port ${String(port)} is not an integer between 0 and 65535`);
  }
  checkName("host", host);
  if (socketPath === undefined) return { port, host };
  checkName("socketPath", socketPath);
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
