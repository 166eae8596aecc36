// SPDX-License-Identifier: Apache-2.0
import { noBytes } from "../../protocol/bytes.ts";
import { joined } from "./memory.ts";

/** So that no two states of windows have the same number. */
let states = 0;

/**
 * The context of one direction: the last bytes of what its compressed messages hold, uncompressed (RFC 7692 section
 * 7.2.3.2). The memory is allocated with the first of them, and grows with what there is to remember: most sessions never
 * fill a window. A full one is a ring, so that a message costs its own length and not the window's.
 */
export class SlidingWindow {
  readonly size: number;
  #memory: Uint8Array = noBytes;
  #used = 0;
  /** Where the next byte goes, in a ring that is full. */
  #end = 0;
  #state = 0;

  /** @param size - how many bytes are kept */
  constructor(size: number) {
    this.size = size;
  }

  /** How many bytes there are. */
  get length(): number {
    return this.#used;
  }

  /** Stands for what is in it, in this process; 0 if that is nothing. Who has seen the number has seen the bytes. */
  get state(): number {
    return this.#state;
  }

  /** The bytes in one piece, as zlib wants a dictionary, valid until the next call; or undefined if there is nothing. */
  get bytes(): Uint8Array | undefined {
    return this.last(this.size);
  }

  /** As {@link bytes}, of no more than the last so many. */
  last(count: number): Uint8Array | undefined {
    if (this.#used === 0) return undefined;
    const [older, newer] = this.#pieces(count);
    return older.length === 0 ? newer : newer.length === 0 ? older : joined([older, newer]);
  }

  /** Writes the last bytes, no more than `count`, to the beginning of `target`. @returns how many */
  copyLast(count: number, target: Uint8Array): number {
    if (this.#used === 0) return 0;
    const [older, newer] = this.#pieces(count);
    target.set(older);
    target.set(newer, older.length);
    return older.length + newer.length;
  }

  push(data: Uint8Array): void {
    if (data.length === 0) return;
    const added = data.subarray(Math.max(0, data.length - this.size));
    this.#used = Math.min(this.#used + added.length, this.size);
    this.#state = ++states;
    this.#grow();
    const whole = Math.min(added.length, this.#memory.length - this.#end);
    this.#memory.set(whole === added.length ? added : added.subarray(0, whole), this.#end);
    if (whole < added.length) this.#memory.set(added.subarray(whole));
    this.#end = (this.#end + added.length) % this.size;
  }

  clear(): void {
    this.#memory = noBytes;
    this.#used = 0;
    this.#end = 0;
    this.#state = 0;
  }

  /** The last bytes as they lie in the ring: before its end, and from its beginning on. */
  #pieces(count: number): [Uint8Array, Uint8Array] {
    const start = this.#end - Math.min(count, this.#used);
    const older = start < 0 ? this.#memory.subarray(start) : noBytes;
    return [older, this.#memory.subarray(Math.max(0, start), this.#end)];
  }

  #grow(): void {
    const { length } = this.#memory;
    if (this.#used <= length) return;
    const old = this.#memory.subarray(0, this.#end);
    this.#memory = new Uint8Array(Math.min(this.size, Math.max(this.#used, length * 2)));
    this.#memory.set(old);
  }
}
