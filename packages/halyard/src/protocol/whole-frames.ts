// SPDX-License-Identifier: Apache-2.0
import { noBytes } from "./bytes.ts";
import { Frame, wholeFromWire } from "./frame.ts";
import type { Kernel } from "./kernel.ts";
import { Opcode } from "./opcodes.ts";

const wholeText = 0x80 | Opcode.TEXT;
const wholeBinary = 0x80 | Opcode.BINARY;

/** Up to here text is decoded where it lies; past it the frame keeps the bytes until somebody asks for a string. */
const eagerTextBytes = 16 * 1024;
/** Up to here texts are cut out of a string that is made for several: a fifth of the time. */
const smallTextBytes = 64;
/** How much such a string has, and with it what a kept text keeps at most. */
const runBytes = 1024;
/** Up to here a typed array lies in the heap of V8, and costs no allocation beside it. */
const tinyBytes = 64;
/** Binary payloads up to here share memory with their neighbours: an allocation costs as much as copying 4 KiB. */
const sharedBytes = 32 * 1024;
/** How much is shared: a payload that is kept keeps at most sixteen times its size, or 4 KiB. */
export const slabTimes = 16;
/** From here on a binary payload is worth memory that need not be copied. */
const largeBytes = 8 * 1024;
const smallestSlab = 4 * 1024;
const largestSlab = 64 * 1024;

/** Where masked text is unmasked to be decoded: the input is the caller's. */
const scratch = /* @__PURE__ */ new Uint8Array(eagerTextBytes);
const key = new Uint8Array(4);

/** What ends a batch. */
export interface BatchLimits {
  /** Larger payloads are left. */
  readonly maxPayload: number;
  /** How many bytes of payload there may be before the last. */
  readonly maxBytes: number;
  readonly maxFrames: number;
}

/**
 * The way of most frames: whole messages in one frame that lie in the input from end to end, with no reserved bit. It does
 * for them in one pass what decoder and assembler do in several, and leaves everything else, faults included, to those.
 * That both give the same is tested.
 */
export class WholeFrames {
  /** Where the frames end that the last {@link read} has found. */
  at = 0;
  /** How many bytes of payload they have. */
  bytes = 0;
  /** How many bytes of large binary payloads it has found, and the size of the last of them. */
  largeBytes = 0;
  largeSize = 0;
  readonly #kernel: Kernel;
  readonly #isMasked: boolean;
  /** The input's own memory, where frames may stay in it, and the least that keeps not too much of it. */
  #given: ArrayBufferLike | null = null;
  #givenStart = 0;
  #leastKept = 0;
  /** A copy of the input from `#slabStart` to `#slabEnd`, of which the binary frames there are views. */
  #slab: ArrayBufferLike = noBytes.buffer;
  #slabStart = 0;
  #slabEnd = 0;
  /** The units of the input from `#runStart` on. */
  #run = "";
  #runStart = 0;

  constructor(isMasked: boolean, kernel: Kernel) {
    this.#isMasked = isMasked;
    this.#kernel = kernel;
  }

  isFor(isMasked: boolean, kernel: Kernel): boolean {
    return this.#isMasked === isMasked && this.#kernel === kernel;
  }

  /**
   * Adds the frames that begin at `start`, one behind the other, to a batch.
   *
   * @param mayKeep - whether the input's memory is never written to again, so that payloads may stay in it
   */
  read(input: Uint8Array, start: number, mayKeep: boolean, limits: BatchLimits, batch: Frame[]): void {
    if (mayKeep) {
      this.#given = input.buffer;
      this.#givenStart = input.byteOffset;
      this.#leastKept = input.buffer.byteLength / slabTimes;
    }
    this.largeBytes = 0;
    const { maxPayload, maxBytes, maxFrames } = limits;
    const maskBytes = this.#isMasked ? 4 : 0;
    const maskBit = this.#isMasked ? 0x80 : 0;
    const end = input.length;
    let at = start;
    let bytes = 0;
    while (bytes < maxBytes && batch.length < maxFrames && at + 2 <= end) {
      const first = input[at] as number;
      if (first !== wholeText && first !== wholeBinary) break;
      // With the wrong mask bit it is past every form.
      let length = (input[at + 1] as number) ^ maskBit;
      let payload = at + 2 + maskBytes;
      if (length > 125) {
        // A 64-bit length is for what hardly ever lies in one read.
        if (length !== 126 || at + 4 > end) break;
        length = ((input[at + 2] as number) << 8) | (input[at + 3] as number);
        if (length < 126) break;
        payload += 2;
      }
      const payloadEnd = payload + length;
      if (payloadEnd > end || length > maxPayload) break;
      const frame =
        first === wholeText
          ? this.#readText(input, payload, payloadEnd)
          : this.#readBinary(input, payload, payloadEnd);
      if (frame === null) break;
      batch.push(frame);
      bytes += length;
      at = payloadEnd;
    }
    this.at = at;
    this.bytes = bytes;
    this.#given = null;
    this.#slab = noBytes.buffer;
    this.#slabStart = 0;
    this.#slabEnd = 0;
    this.#run = "";
    this.#runStart = 0;
  }

  /** Null for what is not UTF-8. */
  #readText(input: Uint8Array, start: number, end: number): Frame | null {
    const size = end - start;
    if (size > eagerTextBytes) return null;
    let text: string | undefined;
    if (this.#isMasked) {
      scratch.set(input.subarray(start, end));
      this.#unmask(input, start, scratch, size);
      text = this.#kernel.decode(scratch, 0, size);
    } else {
      text = size <= smallTextBytes ? this.#smallText(input, start, end) : undefined;
      text ??= this.#kernel.decode(input, start, end);
    }
    return text === undefined ? null : new Frame.Text(text, wholeFromWire, size);
  }

  /** Undefined for what is not ASCII. */
  #smallText(input: Uint8Array, start: number, end: number): string | undefined {
    for (let at = start; at < end; at++) if ((input[at] as number) >= 0x80) return undefined;
    if (end > this.#runStart + this.#run.length) {
      this.#run = this.#kernel.units(input, start, Math.min(start + runBytes, input.length));
      this.#runStart = start;
    }
    return this.#run.substring(start - this.#runStart, end - this.#runStart);
  }

  #readBinary(input: Uint8Array, start: number, end: number): Frame {
    const size = end - start;
    if (size >= largeBytes) {
      this.largeBytes += size;
      this.largeSize = size;
    }
    const data = size <= tinyBytes ? tinyCopy(input, start, size) : this.#view(input, start, end);
    if (this.#isMasked) this.#unmask(input, start, data, size);
    return new Frame.Binary(data);
  }

  /** Views are made of buffers and not by `subarray`, which takes two to three times as long (Node 20). */
  #view(input: Uint8Array, start: number, end: number): Uint8Array {
    const size = end - start;
    if (this.#given !== null && size >= this.#leastKept) {
      return new Uint8Array(this.#given, this.#givenStart + start, size);
    }
    const most = Math.max(size * slabTimes, smallestSlab);
    if (end > this.#slabEnd || this.#slabEnd - this.#slabStart > most) {
      const shared = Math.min(most, largestSlab);
      const wanted = input.subarray(start, start + (size <= sharedBytes ? shared : size));
      const slab = this.#kernel.allocate(wanted.length);
      slab.set(wanted);
      this.#slab = slab.buffer;
      this.#slabStart = start;
      this.#slabEnd = start + wanted.length;
    }
    return new Uint8Array(this.#slab, start - this.#slabStart, size);
  }

  /** @param payload - begins with what is, or was copied from, `start` of the input, which its key precedes */
  #unmask(input: Uint8Array, start: number, payload: Uint8Array, size: number): void {
    for (let at = 0; at < 4; at++) key[at] = input[start - 4 + at] as number;
    this.#kernel.mask(payload, 0, size, key);
  }
}

const known: WholeFrames[] = [];

/** One for all connections of a role: between two reads it keeps nothing. */
export function wholeFramesFor(isMasked: boolean, kernel: Kernel): WholeFrames {
  let found = known.find((each) => each.isFor(isMasked, kernel));
  if (found === undefined) known.push((found = new WholeFrames(isMasked, kernel)));
  return found;
}

function tinyCopy(input: Uint8Array, start: number, size: number): Uint8Array {
  const copy = new Uint8Array(size);
  for (let at = 0; at < size; at++) copy[at] = input[start + at] as number;
  return copy;
}
