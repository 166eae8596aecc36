// SPDX-License-Identifier: Apache-2.0
import type { ByteSink, ByteStream } from "../../src/sockets/byte-stream.ts";
import type { Random } from "../support/random.ts";
import type { World } from "./world.ts";

/** What a network does to what it carries. */
export interface Weather {
  /** The longest that a piece takes, in milliseconds. */
  readonly latency: number;
  /** The largest piece, in bytes. */
  readonly pieceBytes: number;
  /** How much the sender's system takes before it makes the sender wait. */
  readonly bufferBytes: number;
  /** How likely a piece is to be held up for a second or more. */
  readonly stalls: number;
  /** See {@link ByteStream.endsOnBothSides}. */
  readonly endsOnBothSides: boolean;
}

interface Writing {
  left: number;
  readonly written: () => void;
}

/** One end of a connection, as the product sees it. What is written comes out at the other end: in order, or not at all. */
export class Link implements ByteStream {
  readonly endsOnBothSides: boolean;
  onClose: ((stream: ByteStream) => void) | null = null;
  #peer: Link | undefined;
  #sink: ByteSink | null = null;
  readonly #world: World;
  readonly #random: Random;
  readonly #weather: Weather;
  /** What has arrived in this end's system; null for the peer's end. */
  readonly #arrived: (Uint8Array | null)[] = [];
  /** What waits to go out, and who wants to know when it has left for the system. */
  readonly #out: (Uint8Array | null)[] = [];
  readonly #writing: Writing[] = [];
  /** What the system took, and has not sent yet. */
  #taken = 0;
  #isSending = false;
  #isPaused = true;
  #isReading = false;
  #hasEnded = false;
  #isEndSeen = false;
  #isClosed = false;
  #isSilent = false;

  constructor(world: World, random: Random, weather: Weather) {
    this.#world = world;
    this.#random = random;
    this.#weather = weather;
    this.endsOnBothSides = weather.endsOnBothSides;
  }

  static pair(world: World, random: Random, weather: Weather): [Link, Link] {
    const near = new Link(world, random, weather);
    const far = new Link(world, random, weather);
    near.#peer = far;
    far.#peer = near;
    return [near, far];
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  attach(sink: ByteSink): void {
    this.#sink = sink;
  }

  detach(): void {
    this.#sink = null;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#read();
  }

  write(chunks: readonly Uint8Array[], written: () => void): void {
    if (this.#isClosed || this.#hasEnded) return;
    const bytes = Uint8Array.from(Buffer.concat(chunks));
    this.#out.push(bytes);
    this.#writing.push({ left: bytes.length, written });
    this.#take();
    this.#send();
  }

  end(): void {
    if (this.#hasEnded || this.#isClosed) return;
    this.#hasEnded = true;
    this.#out.push(null);
    this.#send();
    this.#closeWhenOver();
  }

  destroy(): void {
    if (this.#isClosed) return;
    if (!this.#hasEnded) this.#out.push(null);
    this.#hasEnded = true;
    this.#send();
    this.#close(undefined);
  }

  /** The connection is reset, as this end sees it. */
  reset(): void {
    this.#close(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  }

  /** From now on nothing that this end sends arrives, and nobody is told. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Tells the writers whose bytes fit the system's buffer: at once, within the call, as sockets do. */
  #take(): void {
    for (let next = this.#writing[0]; next !== undefined; next = this.#writing[0]) {
      const bytes = Math.min(this.#weather.bufferBytes - this.#taken, next.left);
      next.left -= bytes;
      this.#taken += bytes;
      if (next.left > 0) return;
      this.#writing.shift();
      next.written();
    }
  }

  /** Sends the next piece on its way. One is on the way at a time, which keeps the order. */
  #send(): void {
    if (this.#isSending || this.#isSilent || this.#out.length === 0) return;
    const peer = this.#peer;
    if (peer !== undefined && peer.#hasMuch) return;
    this.#isSending = true;
    const { latency, stalls } = this.#weather;
    const stall = this.#random.chance(stalls) ? this.#random.between(500, 5000) : 0;
    this.#world.later(this.#random.below(latency + 1) + stall, () => {
      this.#isSending = false;
      this.#deliver();
      this.#send();
    });
  }

  #deliver(): void {
    const peer = this.#peer;
    const next = this.#out[0];
    if (this.#isSilent || peer === undefined || next === undefined) return;
    if (peer.#isClosed) return this.#bounce(next);
    this.#out.shift();
    if (next === null) return peer.#arrive(null);
    const size = Math.min(next.length, this.#taken, 1 + this.#random.below(this.#weather.pieceBytes));
    if (size < next.length) this.#out.unshift(next.subarray(size));
    this.#taken -= size;
    peer.#arrive(next.subarray(0, size));
    if (!this.#isClosed) this.#take();
  }

  /** Who sends to an end that is gone gets a reset. */
  #bounce(next: Uint8Array | null): void {
    this.#out.length = 0;
    if (next !== null) this.#world.later(this.#random.below(this.#weather.latency + 1), () => this.reset());
  }

  /** A receiver that does not read has no room for more, and in the end the sender's system none either. */
  get #hasMuch(): boolean {
    return this.#isPaused && !this.#isClosed && this.#arrived.length >= 4;
  }

  #arrive(piece: Uint8Array | null): void {
    if (this.#isClosed) return;
    this.#arrived.push(piece);
    this.#read();
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    queueMicrotask(() => {
      this.#isReading = false;
      this.#readNow();
    });
  }

  #readNow(): void {
    const peer = this.#peer;
    while (!this.#isPaused && !this.#isClosed && this.#arrived.length > 0) {
      const piece = this.#arrived.shift() as Uint8Array | null;
      if (peer !== undefined) peer.#send();
      if (piece === null) return this.#seeEnd();
      this.#hand(piece);
    }
  }

  /** As sockets do: into memory that is used again as soon as the call returns, or that nobody else has. */
  #hand(piece: Uint8Array): void {
    const sink = this.#sink;
    if (sink === null) return;
    const isGiven = this.#random.chance(0.3);
    const wanted = isGiven ? null : (sink.wantedMemory?.() ?? null);
    let memory: Uint8Array = Uint8Array.from(piece);
    if (wanted !== null && wanted.length > 0) {
      memory = wanted.subarray(0, piece.length);
      memory.set(piece.subarray(0, memory.length));
      if (memory.length < piece.length) this.#arrived.unshift(piece.subarray(memory.length));
    }
    if (!sink.received(memory, isGiven)) this.#isPaused = true;
    if (!isGiven && wanted === null) memory.fill(0xdd);
  }

  #seeEnd(): void {
    this.#isEndSeen = true;
    this.#sink?.ended();
    this.#closeWhenOver();
  }

  /** Both sides have ended: the socket closes by itself, a turn later. */
  #closeWhenOver(): void {
    if (this.#hasEnded && this.#isEndSeen) this.#world.later(0, () => this.#close(undefined));
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const hasUnread = this.#arrived.some((piece) => piece !== null);
    this.#arrived.length = 0;
    this.#writing.length = 0;
    this.#keepTaken(error === undefined ? this.#taken : 0);
    this.#world.later(0, () => {
      this.#sink?.closed(error);
      this.onClose?.(this);
    });
    const peer = this.#peer;
    if (peer === undefined) return;
    peer.#send();
    // A system that still had something for a program that is gone says so.
    if (hasUnread && !this.#isSilent) {
      this.#out.length = 0;
      this.#world.later(this.#random.below(this.#weather.latency + 1), () => peer.reset());
    }
  }

  /** What the system took of the output still arrives, and the end behind it; the rest is lost. */
  #keepTaken(taken: number): void {
    const hasEnd = taken > 0 || this.#out.includes(null);
    const kept = Buffer.concat(this.#out.filter((piece) => piece !== null)).subarray(0, taken);
    this.#out.length = 0;
    if (kept.length > 0) this.#out.push(Uint8Array.from(kept));
    if (hasEnd) this.#out.push(null);
  }
}
