// SPDX-License-Identifier: Apache-2.0
// A session of ours, in either role, meets a peer on bare TCP that says whatever it likes.
import type { Socket } from "node:net";
import { expect } from "vitest";
import type { DefaultWebSocketSession, WebSockets } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import type { Clock } from "../../src/session/clock.ts";
import { type Bytes, type Role, toRole } from "../protocol/support.ts";
import { bareClient, request } from "../support/bare-client.ts";
import { testClient } from "../support/clients.ts";
import { hostileServer, reset } from "../support/hostile-server.ts";
import { turn, turns, until } from "../support/leaks.ts";

/** A frame that came to the peer, unmasked. */
interface Heard {
  readonly first: number;
  readonly payload: Buffer;
  readonly isMasked: boolean;
}

/** The other end of a session: speaks bytes, and takes apart what it hears. */
export class HostilePeer {
  readonly socket: Socket;
  readonly frames: Heard[] = [];
  /** Whether our side of the connection has ended. */
  hasEnded = false;
  isGone = false;
  readonly #role: Role;
  #rest: Buffer = Buffer.alloc(0);

  /** @param role - which role our session has */
  constructor(role: Role, socket: Socket, early: Uint8Array) {
    this.#role = role;
    this.socket = socket;
    // Or the platform would end the peer's side by itself as soon as we end ours.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    this.#hear(early);
    socket.on("data", (chunk: Buffer) => this.#hear(chunk));
    socket.on("end", () => {
      this.hasEnded = true;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isGone = true;
    });
  }

  /** The frames that were heard: `close 1000`, `pong 61`, `81 6869`. */
  get heard(): string[] {
    return this.frames.map(shown);
  }

  /** Whether a Close frame was heard. */
  get isToldToClose(): boolean {
    return this.frames.some(({ first }) => first === 0x88);
  }

  /** Writes frames, given without masks, as the other role sends them. */
  say(...frames: readonly Bytes[]): void {
    this.socket.write(toRole(this.#role, ...frames));
  }

  /** Writes bytes as they are, one by one. */
  async drip(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      if (this.socket.destroyed || !this.socket.writable) return;
      this.socket.write(Uint8Array.of(byte));
      await turn();
    }
  }

  /** Writes chunks as fast as they are taken, until there are no more, or nobody is there. */
  async pour(chunks: Iterable<Uint8Array>): Promise<void> {
    for (const chunk of chunks) {
      if (this.socket.destroyed) return;
      this.socket.write(chunk);
      while (this.socket.writableNeedDrain && !this.socket.destroyed) await turn();
    }
  }

  /** Waits until so many frames were heard in all. */
  async hears(count: number): Promise<void> {
    await until(() => this.frames.length >= count || this.isGone, `${count} frames`);
    expect(this.frames.length).toBeGreaterThanOrEqual(count);
  }

  /** Waits for our Close frame, or the end of our side. */
  async isTold(): Promise<void> {
    await until(() => this.isToldToClose || this.hasEnded || this.isGone, "a Close frame, or the end");
  }

  /** How many bytes of what was said have left for the kernel. */
  get sent(): number {
    return this.socket.bytesWritten - this.socket.writableLength;
  }

  /** A RST, after what was written has arrived. */
  async reset(): Promise<void> {
    await turns();
    reset(this.socket);
  }

  #hear(chunk: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const frame = frameAt(this.#rest, at);
      if (frame === null) break;
      this.frames.push(frame.heard);
      at = frame.end;
    }
    this.#rest = this.#rest.subarray(at);
  }
}

function frameAt(bytes: Buffer, at: number): { readonly heard: Heard; readonly end: number } | null {
  if (bytes.length < at + 2) return null;
  const [first = 0, second = 0] = bytes.subarray(at);
  const form = second & 0x7f;
  const isMasked = second >= 0x80;
  const keyAt = at + (form === 127 ? 10 : form === 126 ? 4 : 2);
  const start = keyAt + (isMasked ? 4 : 0);
  if (bytes.length < start) return null;
  const size =
    form === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : form === 126 ? bytes.readUInt16BE(at + 2) : form;
  const end = start + size;
  if (bytes.length < end) return null;
  const payload = Buffer.from(bytes.subarray(start, end));
  if (isMasked)
    for (const [place, byte] of payload.entries()) payload[place] = byte ^ key(bytes, keyAt, place);
  return { heard: { first, payload, isMasked }, end };
}

function key(bytes: Buffer, at: number, place: number): number {
  return bytes[at + (place % 4)] ?? 0;
}

function shown({ first, payload }: Heard): string {
  const name = { 0x88: "close", 0x89: "ping", 0x8a: "pong" }[first] ?? first.toString(16);
  if (name === "close") return payload.length === 0 ? name : `${name} ${payload.readUInt16BE()}`;
  return payload.length === 0 ? name : `${name} ${payload.toString("hex")}`;
}

/** A session of ours and its peer. When it is disposed of both have let go of everything. */
export interface Meeting extends AsyncDisposable {
  readonly session: DefaultWebSocketSession;
  readonly peer: HostilePeer;
}

export interface MeetingOptions extends WebSockets.Config {
  /** What the peer offers, or accepts, as `Sec-WebSocket-Extensions`. */
  readonly agreed?: string;
  /** What our side lives by. @defaultValue the system's */
  readonly clock?: Clock;
}

const calm: WebSockets.Config = { pingInterval: 0, closeTimeout: 2_000, handshakeTimeout: 5_000 };

/** Opens a connection between a session of the given role and a peer of the other one. */
export async function meet(role: Role, { agreed, clock, ...config }: MeetingOptions = {}): Promise<Meeting> {
  return role === "client"
    ? await meetServer({ ...calm, ...config }, agreed, clock)
    : await meetClient({ ...calm, ...config }, agreed, clock);
}

/** Opens several connections, one after the other. */
export async function meetings(
  role: Role,
  count: number,
  options: MeetingOptions = {},
): Promise<{ readonly all: readonly Meeting[] } & AsyncDisposable> {
  const all: Meeting[] = [];
  const dispose = async (): Promise<void> => {
    for (const met of all) await met[Symbol.asyncDispose]();
  };
  try {
    while (all.length < count) all.push(await meet(role, options));
  } catch (error) {
    await dispose();
    throw error;
  }
  return { all, [Symbol.asyncDispose]: dispose };
}

async function meetServer(
  config: WebSockets.Config,
  agreed: string | undefined,
  clock: Clock | undefined,
): Promise<Meeting> {
  let peer: HostilePeer | undefined;
  const server = await hostileServer(async (each) => {
    await each.accept(undefined, agreed === undefined ? "" : `Sec-WebSocket-Extensions: ${agreed}\r\n`);
    each.socket.removeAllListeners("data");
    peer = new HostilePeer("client", each.socket, each.received);
  });
  const client = testClient(config, { clock });
  const session = await client.webSocketSession(server.url);
  await until(() => peer !== undefined, "the peer");
  if (peer === undefined) throw new Error("there is no peer");
  return { session, peer, [Symbol.asyncDispose]: () => part(session, peer, client, server) };
}

async function meetClient(
  config: WebSockets.Config,
  agreed: string | undefined,
  clock: Clock | undefined,
): Promise<Meeting> {
  let session: DefaultWebSocketSession | undefined;
  const server = new WebSocketServer({ ...config, clock }).webSocket("/", async (opened) => {
    session = opened;
    await opened.ended;
  });
  const { port } = await server.listen();
  const client = await bareClient(port);
  client.write(request({ headers: { "Sec-WebSocket-Extensions": agreed ?? null } }));
  const head = await client.hears(/^HTTP\/1\.1 101 [^]*\r\n\r\n/);
  expect(head.includes("Sec-WebSocket-Extensions"), "the extension is agreed on").toBe(agreed !== undefined);
  client.socket.removeAllListeners("data");
  const peer = new HostilePeer(
    "server",
    client.socket,
    client.received.subarray(head.indexOf("\r\n\r\n") + 4),
  );
  await until(() => session !== undefined, "the session");
  if (session === undefined) throw new Error("there is no session");
  return { session, peer, [Symbol.asyncDispose]: () => part(session, peer, client, server) };
}

/** Lets go of both sides, whatever state they are in. */
async function part(
  session: DefaultWebSocketSession | undefined,
  peer: HostilePeer | undefined,
  ...owners: readonly AsyncDisposable[]
): Promise<void> {
  session?.cancel();
  peer?.socket.destroy();
  for (const owner of owners) await owner[Symbol.asyncDispose]();
}
