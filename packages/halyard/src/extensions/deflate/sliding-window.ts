// SPDX-License-Identifier: Apache-2.0
import { noBytes } from "../../protocol/bytes.ts";

/**
 * The context of one direction: the last bytes of what its compressed messages hold, uncompressed (RFC 7692 section
 * 7.2.3.2). They lie in one piece, as zlib wants a dictionary; the memory is allocated with the first of them, and grows
 * with what there is to remember: most sessions never fill a window.
 */
export class SlidingWindow {
  readonly #size: number;
  #memory: Uint8Array = noBytes;
  #used = 0;

  /** @param size - how many bytes are kept */
  constructor(size: number) {
    this.#size = size;
  }

  /** A view that is valid until the next call, or undefined if there is nothing. */
  get bytes(): Uint8Array | undefined {
    return this.last(this.#size);
  }

  /** As {@link bytes}, of no more than the last so many. */
  last(size: number): Uint8Array | undefined {
    return this.#used === 0 ? undefined : this.#memory.subarray(Math.max(0, this.#used - size), this.#used);
  }

  push(data: Uint8Array): void {
    if (data.length === 0) return;
    const added = data.subarray(Math.max(0, data.length - this.#size));
    const kept = Math.min(this.#used, this.#size - added.length);
    const old = this.#memory.subarray(this.#used - kept, this.#used);
    this.#used = kept + added.length;
    if (this.#used > this.#memory.length) {
      this.#memory = new Uint8Array(Math.min(this.#size, Math.max(this.#used, this.#memory.length * 2)));
    }
    this.#memory.set(old);
    this.#memory.set(added, kept);
  }

  clear(): void {
    this.#memory = noBytes;
    this.#used = 0;
  }
}
