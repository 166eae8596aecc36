// SPDX-License-Identifier: Apache-2.0
// The other end of a session, which says whatever it likes, over TCP, TLS, or in a stream of HTTP/2.
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { expect } from "vitest";
import { type Bytes, type Role, toRole } from "../protocol/support.ts";
import { turn, turns, until } from "../support/leaks.ts";

/** A frame that came to the peer, unmasked. */
interface Heard {
  readonly first: number;
  readonly payload: Buffer;
  readonly isMasked: boolean;
}

/** The other end of a session: speaks bytes, and takes apart what it hears. */
export class HostilePeer {
  /** A socket, or a stream of HTTP/2. */
  readonly socket: Duplex;
  readonly frames: Heard[] = [];
  /** Whether our side of the connection has ended. */
  hasEnded = false;
  isGone = false;
  readonly #role: Role;
  #rest: Buffer = Buffer.alloc(0);

  readonly #reset: () => void;

  /**
   * @param role - which role our session has
   * @param reset - how the connection is broken
   */
  constructor(role: Role, socket: Duplex, early: Uint8Array, reset: () => void) {
    this.#role = role;
    this.socket = socket;
    this.#reset = reset;
    // Or the platform would end the peer's side by itself as soon as we end ours.
    socket.allowHalfOpen = true;
    if (socket instanceof Socket) socket.setNoDelay(true);
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

  /** A RST, after what was written has arrived. */
  async reset(): Promise<void> {
    await turns();
    this.#reset();
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
