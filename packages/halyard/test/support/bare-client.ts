// SPDX-License-Identifier: Apache-2.0
// A client on bare TCP, for what no good client would send.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { until } from "./leaks.ts";

/** A connection that says what it is told, and remembers what it hears. */
export class BareClient implements AsyncDisposable {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);
  hasEnded = false;
  isGone = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on("end", () => {
      this.hasEnded = true;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isGone = true;
    });
  }

  write(data: string | Uint8Array): void {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  }

  /** Waits until the text of all that was received matches. */
  async hears(pattern: RegExp): Promise<string> {
    await until(() => pattern.test(this.received.toString("latin1")) || this.isGone, String(pattern));
    const text = this.received.toString("latin1");
    if (!pattern.test(text)) throw new Error(`the server was gone after ${JSON.stringify(text)}`);
    return text;
  }

  /** Waits for the server to end its side, and gives all that it said. */
  async end(): Promise<string> {
    await until(() => this.hasEnded || this.isGone, "the server's end of the connection");
    return this.received.toString("latin1");
  }

  /** Makes a handshake that is right; what follows the 101 is kept. */
  async handshake(path = "/"): Promise<void> {
    this.write(request({ path }));
    const text = await this.hears(/^HTTP\/1\.1 101 [^]*\r\n\r\n/);
    this.received = this.received.subarray(text.indexOf("\r\n\r\n") + 4);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await until(() => this.isGone, "the end of our socket");
  }
}

export async function bareClient(port: number): Promise<BareClient> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  return new BareClient(socket);
}

/** The request of a handshake, with headers changed, added, or (by null) left out. */
export function request(
  options: {
    readonly line?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string | null>>;
  } = {},
): string {
  const { path = "/", line = `GET ${path} HTTP/1.1`, headers = {} } = options;
  const all: Record<string, string | null> = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}\r\n`],
  );
  return `${line}\r\n${lines.join("")}\r\n`;
}

/** A frame of up to 125 bytes as a client sends it, masked, or wrongly not. */
export function clientFrame(opcode: number, payload: string | Uint8Array, isMasked = true): Buffer {
  const bytes = Buffer.from(payload as string);
  const key = isMasked ? [1, 2, 3, 4] : [];
  const masked = bytes.map((byte, at) => byte ^ (key[at % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | opcode, (isMasked ? 0x80 : 0) | bytes.length, ...key]), masked]);
}
