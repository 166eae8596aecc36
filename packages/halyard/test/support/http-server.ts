// SPDX-License-Identifier: Apache-2.0
// A server on loopback that answers plain HTTP and handshakes by one script, and remembers what it was asked.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Writable } from "node:stream";
import { upgradeWebSocket } from "../../src/server/index.ts";
import type { Identity } from "./certificates.ts";
import { turn } from "./leaks.ts";

/** A request as it came. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  /** The headers as lines, with the case of the wire. */
  readonly raw: string;
  readonly isUpgrade: boolean;
  readonly body: string;
}

/** What is answered; "accept" opens an echo session, or is a 200 for plain HTTP. */
export type Reply =
  | "accept"
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      readonly body?: string | Iterable<Uint8Array>;
    };

export class HttpServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server: Server;
  readonly #isTls: boolean;
  readonly #sockets = new Set<Socket>();

  constructor(script: (request: Seen) => Reply | Promise<Reply>, tls: Identity | undefined) {
    this.#isTls = tls !== undefined;
    this.#server = tls === undefined ? createServer() : createTlsServer(tls);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("tlsClientError", () => undefined);
    this.#server.on("request", async (request, response) => {
      const reply = await script(await this.#note(request, false));
      const { status, headers = {}, body = "" } = reply === "accept" ? { status: 200, body: "ok" } : reply;
      // Or the platform's fetch would keep the connection for later.
      response.shouldKeepAlive = false;
      for (const [name, value] of Object.entries(headers))
        response.setHeader(name, value as string | string[]);
      response.writeHead(status);
      if (typeof body === "string") return void response.end(body);
      for (const chunk of body) {
        if (response.destroyed) return;
        if (!response.write(chunk)) await roomIn(response);
      }
      response.end();
    });
    this.#server.on("upgrade", async (request: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.on("error", () => undefined);
      const reply = await script(await this.#note(request, true));
      if (reply === "accept" || reply.status === 101) {
        const lines = reply === "accept" ? {} : reply.headers;
        if (lines !== undefined) addToHead(socket, lines);
        return void upgradeWebSocket(request, socket, head, async (session) => {
          for await (const frame of session.incoming) await session.send(frame);
        });
      }
      const { status, headers = {}, body = "" } = reply;
      socket.write(`HTTP/1.1 ${status} X\r\nConnection: close\r\n${linesOf(headers)}\r\n`);
      if (typeof body === "string") return void socket.end(body);
      for (const chunk of body) {
        if (socket.destroyed) return;
        if (!socket.write(chunk)) await roomIn(socket);
      }
      socket.end();
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** For plain HTTP, without a final slash; with TLS by name. */
  get http(): string {
    return this.#isTls ? `https://localhost:${this.port}` : `http://127.0.0.1:${this.port}`;
  }

  get ws(): string {
    return this.http.replace(/^http/, "ws");
  }

  /** The newest request. */
  get last(): Seen {
    const last = this.seen.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #note(request: IncomingMessage, isUpgrade: boolean): Promise<Seen> {
    const { method = "", url: target = "", headers, rawHeaders } = request;
    const chunks: Buffer[] = [];
    if (!isUpgrade) for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\n`)).join("");
    const seen = { method, target, headers, raw, isUpgrade, body: Buffer.concat(chunks).toString() };
    this.seen.push(seen);
    return seen;
  }
}

function linesOf(headers: Readonly<Record<string, string | readonly string[]>>): string {
  return Object.entries(headers)
    .flatMap(([name, value]) =>
      (typeof value === "string" ? [value] : value).map((each) => `${name}: ${each}\r\n`),
    )
    .join("");
}

/** Waits until more can be written, or nothing any more. */
async function roomIn(stream: Writable): Promise<void> {
  while (stream.writableNeedDrain && !stream.destroyed) await turn();
}

/** Puts headers into the 101 that is about to be written. */
function addToHead(socket: Socket, headers: Readonly<Record<string, string | readonly string[]>>): void {
  const write = socket.write.bind(socket);
  socket.write = ((chunk: Uint8Array | string, ...rest: never[]) => {
    socket.write = write;
    const text = Buffer.from(chunk as string).toString("latin1");
    return write(text.replace("\r\n\r\n", `\r\n${linesOf(headers)}\r\n`), "latin1", ...rest);
  }) as typeof socket.write;
}

/** Ends by `await using`. */
export async function httpServer(
  script: (request: Seen) => Reply | Promise<Reply>,
  tls?: Identity,
): Promise<HttpServer> {
  return await new HttpServer(script, tls).listen();
}

/** A redirect. */
export function redirect(location: string, status = 302): Reply {
  return { status, headers: { Location: location } };
}
