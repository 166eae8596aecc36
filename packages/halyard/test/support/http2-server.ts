// SPDX-License-Identifier: Apache-2.0
// Servers of HTTP/2 that do what a test tells them: by the platform's node:http2, and by bare frames for what that would not do.
import { once } from "node:events";
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Identity } from "./certificates.ts";
import type { Peer } from "./hostile-server.ts";
import { until } from "./leaks.ts";

/** What the server does with a stream. */
export type StreamScript = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  server: ScriptedHttp2Server,
) => void;

export interface ScriptedOptions {
  readonly settings?: Settings;
  readonly tls?: Identity;
  readonly onConnection?: (socket: Socket) => void;
}

/** A listening server with a script; end it by `await using`. */
export class ScriptedHttp2Server implements AsyncDisposable {
  /** Every connection there was. */
  readonly connections: ServerHttp2Session[] = [];
  readonly streams: ServerHttp2Stream[] = [];
  readonly #server: Http2Server | Http2SecureServer;
  readonly #sockets = new Set<Socket>();
  readonly #isTls: boolean;

  constructor(script: StreamScript, { settings, tls, onConnection }: ScriptedOptions) {
    const all = { settings: { enableConnectProtocol: true, ...settings } };
    this.#isTls = tls !== undefined;
    this.#server = tls === undefined ? createServer(all) : createSecureServer({ ...all, ...tls });
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      onConnection?.(socket);
    });
    this.#server.on("session", (connection: ServerHttp2Session) => {
      this.connections.push(connection);
      connection.on("error", () => undefined);
    });
    this.#server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on("error", () => undefined);
      this.streams.push(stream);
      script(stream, headers, this);
    });
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return this.#isTls ? `wss://localhost:${port}/` : `ws://127.0.0.1:${port}/`;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
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
      this.#server.close();
      await once(this.#server, "close");
    }
  }
}

export async function http2Server(
  script: StreamScript,
  options: ScriptedOptions = {},
): Promise<ScriptedHttp2Server> {
  return await new ScriptedHttp2Server(script, options).listen();
}

/** Accepts a handshake and answers the client's Close frame with the same code, as a server ends. */
export function accept(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200 });
  let received = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const at = received.indexOf(0x88);
    if (at === -1 || received.length < at + 8) return;
    const [a = 0, b = 0, , , c = 0, d = 0] = received.subarray(at + 2);
    stream.end(Buffer.from([0x88, 2, a ^ c, b ^ d]));
  });
}

export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** A frame (RFC 9113 section 4.1). */
export function bareFrame(
  type: keyof typeof frameTypes,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
  flags = 0,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(frameTypes[type], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** SETTINGS with pairs of an identifier and a value. 8 is ENABLE_CONNECT_PROTOCOL, 3 MAX_CONCURRENT_STREAMS. */
export function settingsFrame(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [at, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, 6 * at);
    payload.writeUInt32BE(value, 6 * at + 2);
  }
  return bareFrame("settings", 0, payload);
}

/** What a peer has received so far, behind the preface. */
export function framesOf(
  received: Buffer,
): { type: number; flags: number; stream: number; payload: Buffer }[] {
  const frames = [];
  for (let at = 24; at + 9 <= received.length; ) {
    const end = at + 9 + received.readUIntBE(at, 3);
    if (end > received.length) break;
    frames.push({
      type: received.readUInt8(at + 3),
      flags: received.readUInt8(at + 4),
      stream: received.readUInt32BE(at + 5),
      payload: received.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

/** Waits for frames of a type. */
export async function heard(peer: Peer, type: keyof typeof frameTypes, count = 1): Promise<void> {
  const isHeard = () =>
    framesOf(peer.received).filter((frame) => frame.type === frameTypes[type]).length >= count;
  await until(() => isHeard() || peer.isGone, `${count} frames of ${type}`);
}

/** SETTINGS as a server of WebSockets sends them, and the acknowledgement of the client's. */
export function welcome(...more: readonly (readonly [id: number, value: number])[]): Buffer {
  return Buffer.concat([settingsFrame([8, 1], ...more), bareFrame("settings", 0, Buffer.alloc(0), 1)]);
}

/** A head: fields without compression, behind a status that has an index of its own (RFC 7541 appendix A). */
export function headersFrame(
  stream: number,
  status: 200 | 204 | 404 | 500 | null,
  fields: readonly (readonly [name: string, value: string])[] = [],
  flags = 4,
): Buffer {
  const index = { 200: 0x88, 204: 0x89, 404: 0x8d, 500: 0x8e };
  const literals = fields.map(([name, value]) =>
    Buffer.concat([
      Buffer.of(0, name.length),
      Buffer.from(name),
      Buffer.of(value.length),
      Buffer.from(value),
    ]),
  );
  const block = Buffer.concat([Buffer.from(status === null ? [] : [index[status]]), ...literals]);
  return bareFrame("headers", stream, block, flags);
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
  return bytes;
}
