// SPDX-License-Identifier: Apache-2.0
import { noBytes } from "./bytes.ts";
import { type Kernel, plainKernel } from "./kernel.ts";

/** What is allocated on the word of a length field alone; more only as bytes arrive. */
const trustedBytes = 64 * 1024;
/** Below it zeros cost less than another way. */
const worthwhileBytes = 4096;
/** How many times what has arrived is allocated where that much was announced: a megabyte is then allocated once. */
const trustedTimes = 8;

/**
 * Collects the payload of one message. It holds at most eight times what has arrived, or 64 KiB, whatever was announced;
 * and pages that nothing was written to take no memory yet.
 */
export class PayloadBuffer {
  #memory: Uint8Array = noBytes;
  readonly #allocate: (size: number) => Uint8Array;
  #size = 0;

  constructor(kernel: Kernel = plainKernel) {
    this.#allocate = kernel.allocate;
  }

  /** How many bytes it holds. */
  get size(): number {
    return this.#size;
  }

  /**
   * @param announced - how many bytes of the frame are still to come, these included
   * @param final - whether the frame is the last of its message
   * @returns where the bytes lie now: a view that is valid until the next call
   */
  append(source: Uint8Array, start: number, end: number, announced: number, final: boolean): Uint8Array {
    const from = this.#size;
    this.#size += end - start;
    if (this.#size > this.#memory.length) this.#grow(from, from + announced, final);
    const appended = this.#memory.subarray(from, this.#size);
    const isInPlace = source.buffer === appended.buffer && source.byteOffset + start === appended.byteOffset;
    if (!isInPlace) appended.set(source.subarray(start, end));
    return appended;
  }

  /**
   * Memory that the next bytes of the payload may be read to, for {@link append} to find them in their place.
   * @param announced - how many are still to come in the frame
   */
  room(announced: number): Uint8Array {
    return this.#memory.subarray(this.#size, this.#size + announced);
  }

  /** The payload, in memory of its own that it fills at least by half; the buffer is then empty. */
  take(): Uint8Array {
    const payload = this.#memory.subarray(0, this.#size);
    const isMostlyFull = this.#size * 2 > this.#memory.length;
    this.#memory = noBytes;
    this.#size = 0;
    return isMostlyFull ? payload : payload.slice();
  }

  #grow(used: number, announced: number, final: boolean): void {
    const trusted = Math.min(announced, Math.max(this.#size * trustedTimes, trustedBytes));
    // Doubling keeps many small fragments linear; the last frame tells the size, and so saves the last copy.
    const doubled = final ? 0 : this.#memory.length * 2;
    const size = Math.max(this.#size, trusted, doubled);
    const memory = size < worthwhileBytes ? new Uint8Array(size) : this.#allocate(size);
    memory.set(this.#memory.subarray(0, used));
    this.#memory = memory;
  }
}
