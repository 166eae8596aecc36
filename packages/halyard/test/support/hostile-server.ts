// SPDX-License-Identifier: Apache-2.0
// A server on bare TCP or TLS that does to a client what a script says.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { acceptFor } from "../../src/protocol/handshake/accept-key.ts";
import { turn, turns, until } from "./leaks.ts";

/** What happens to a connection. When it returns the connection stays as it is, until the client ends it. */
export type Script = (peer: Peer) => unknown;

/** One connection, from the server's side. */
export class Peer {
  readonly socket: Socket;
  /** All that has come and was not taken by {@link request} or {@link bytes}. */
  received: Buffer = Buffer.alloc(0);
  /** How many bytes have come. */
  size = 0;
  isGone = false;
  /** Looks again, for whoever waits. */
  #look: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.size += chunk.length;
      this.received = Buffer.concat([this.received, chunk]);
      this.#look?.();
    });
    // What a client does to the connection is its test's to judge.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isGone = true;
      this.#look?.();
    });
  }

  /** The head of the request, once it is complete. */
  async request(): Promise<string> {
    await this.#until(() => this.received.includes("\r\n\r\n"), "a request");
    return this.#take(this.received.indexOf("\r\n\r\n") + 4).toString("latin1");
  }

  /** The next bytes, as many as asked for. */
  async bytes(size: number): Promise<Buffer> {
    await this.#until(() => this.received.length >= size, `${size} bytes`);
    return this.#take(size);
  }

  /** The next frame's first byte and payload, unmasked; for payloads up to 125 bytes. */
  async frame(): Promise<{ readonly first: number; readonly payload: Buffer }> {
    const [first = 0, second = 0] = await this.bytes(2);
    const key = await this.bytes(4);
    const masked = await this.bytes(second & 0x7f);
    return { first, payload: masked.map((byte, at) => byte ^ (key[at % 4] ?? 0)) as Buffer };
  }

  write(data: string | Uint8Array): void {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  }

  /** Reads the request and answers it with a correct 101, and in the same write with what may follow. */
  async accept(behind: Uint8Array = Buffer.alloc(0), headers = ""): Promise<string> {
    const request = await this.request();
    this.write(Buffer.concat([Buffer.from(agreement(request, headers), "latin1"), behind]));
    return request;
  }

  /** A byte each turn of the loop, for as long as the client is there. */
  async drip(next: () => string): Promise<void> {
    while (!this.socket.destroyed) {
      this.write(next());
      await turn();
    }
  }

  /** Writes chunks as fast as the client takes them, for as long as it is there. */
  async pour(chunks: Iterable<Uint8Array>): Promise<void> {
    for (const chunk of chunks) {
      if (this.socket.destroyed) return;
      // One that is just ending takes nothing, and needs no drain either.
      if (!this.socket.write(chunk)) await turn();
      while (this.socket.writableNeedDrain && !this.socket.destroyed) await turn();
    }
  }

  /** Ends this side with a FIN; the client's stays open. */
  end(data = ""): void {
    this.socket.end(Buffer.from(data, "latin1"));
  }

  /** Ends the connection with a RST, after what was written has arrived: else Linux shows an EOF behind it. */
  async reset(): Promise<void> {
    if (this.socket.bytesWritten > 0) await turns();
    reset(this.socket);
  }

  async gone(): Promise<void> {
    await this.#until(() => this.isGone, "the end of the connection");
  }

  /** The wait is bounded by the server's, which ends all connections when it is disposed of. */
  async #until(condition: () => boolean, what: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#look = () => {
        if (condition() || this.isGone) resolve();
      };
      this.#look();
    });
    if (!condition()) throw new Error(`the client was gone before it sent ${what}`);
  }

  #take(size: number): Buffer {
    const taken = this.received.subarray(0, size);
    this.received = this.received.subarray(size);
    return taken;
  }
}

/** A RST alone: `resetAndDestroy()` sends a FIN before it, which a client may see first. */
export function reset(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true }).destroy();
}

/** The 101 that answers a request. */
export function agreement(request: string, headers = ""): string {
  const key = /^Sec-WebSocket-Key: (.*)\r$/im.exec(request)?.[1] ?? "";
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}\r\n${headers}\r\n`;
}

/** A frame as a server sends it: whole, and up to 65,535 bytes. */
export function serverFrame(opcode: number, payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload as string);
  const { length } = bytes;
  const header = length < 126 ? [0x80 | opcode, length] : [0x80 | opcode, 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), bytes]);
}

export function closeFrame(code: number): Buffer {
  return serverFrame(8, Uint8Array.of(code >> 8, code & 0xff));
}

export interface HostileOptions {
  /** To speak TLS. */
  readonly tls?: TlsOptions;
  /** The path of a Unix socket instead of a port. */
  readonly socketPath?: string;
  /** Run for each bare connection as soon as it is accepted, before any TLS. */
  readonly onConnection?: (socket: Socket) => void;
}

/** A listening server with a script; end it by `await using`. */
export class HostileServer implements AsyncDisposable {
  readonly peers: Peer[] = [];
  /** What went wrong in a script. */
  readonly failures: unknown[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(script: Script, { tls, onConnection }: HostileOptions) {
    this.#server = tls === undefined ? createServer() : createTlsServer({ ...tls, allowHalfOpen: false });
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      onConnection?.(socket);
    });
    // A client that refuses our certificate is what several tests want.
    this.#server.on("tlsClientError", () => undefined);
    this.#server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      const peer = new Peer(socket);
      this.peers.push(peer);
      void this.#run(script, peer);
    });
  }

  /** How many connections were accepted, with or without TLS. */
  get open(): number {
    return this.#sockets.size;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The first connection's peer. */
  get peer(): Peer {
    const [peer] = this.peers;
    if (peer === undefined) throw new Error("nobody has connected");
    return peer;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  /** By name, and with TLS. */
  get secureUrl(): string {
    return `wss://localhost:${this.port}/`;
  }

  async listen(socketPath: string | undefined): Promise<this> {
    this.#server.listen(socketPath === undefined ? { port: 0, host: "127.0.0.1" } : { path: socketPath });
    await once(this.#server, "listening");
    return this;
  }

  /** Waits, in bounded time, until the client has let go of every connection. Closing a client would make it do so. */
  async abandoned(): Promise<void> {
    await until(() => this.#sockets.size === 0, "the client has let go of all connections");
  }

  /** What the client still holds open is a failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.abandoned();
    } finally {
      for (const socket of this.#sockets) socket.destroy();
      if (this.#server.listening) {
        this.#server.close();
        await once(this.#server, "close");
      }
    }
    if (this.failures.length > 0) throw new AggregateError(this.failures, "a script failed");
  }

  async #run(script: Script, peer: Peer): Promise<void> {
    try {
      await script(peer);
    } catch (error) {
      this.failures.push(error);
    }
  }
}

export async function hostileServer(script: Script, options: HostileOptions = {}): Promise<HostileServer> {
  return await new HostileServer(script, options).listen(options.socketPath);
}

/** A port on which nothing listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
