// SPDX-License-Identifier: Apache-2.0
import { encodeAsciiInto, encodeUtf8, encodeUtf8Into } from "./bytes.ts";
import { type Kernel, plainKernel } from "./kernel.ts";
import type { MaskingKeys } from "./masking.ts";
import { isControl } from "./opcodes.ts";

const slabBytes = 256 * 1024;
/** Frames up to here lie in one slab; larger ones fill what is left of it, and go on in others. */
const largestWhole = slabBytes / 4;
/** Longer text has a length of 64 bits whatever its characters are, and its UTF-8 is made piece by piece. */
const longText = 0xffff;
/** RFC 6455 section 5.2. */
const longestHeader = 14;

/**
 * Memory that the frames of all connections are encoded into, one after the other. It is used again only when all that
 * was encoded there is known to be written, so that what was sent cannot change afterwards; else it lives as long as
 * something in it waits. A megabyte in memory of its own would cost 1.4 times as much, for its pages.
 */
interface Slab {
  readonly memory: Uint8Array;
  used: number;
  /** How many runs of frames in it are not known to be written. */
  runs: number;
}

function newSlab(): Slab {
  return { memory: new Uint8Array(slabBytes), used: 0, runs: 0 };
}

/** The one that is filled, and behind it those that were, to be used again: 4 MiB for the process. */
const slabs: Slab[] = [];
const mostSlabs = 16;

/** The slab with so many free bytes. */
function slabFor(size: number): Slab {
  const current = slabs[0];
  if (current !== undefined && slabBytes - current.used >= size) return current;
  const written = slabs.findIndex(({ runs }) => runs === 0);
  const next = written === -1 ? newSlab() : (slabs.splice(written, 1)[0] as Slab);
  next.used = 0;
  slabs.unshift(next);
  slabs.length = Math.min(slabs.length, mostSlabs);
  return next;
}

/** Turns frames into bytes and keeps them until they are taken. The payload is copied: the caller may change it. */
export class FrameEncoder {
  readonly #keys: MaskingKeys | null;
  readonly #kernel: Kernel;
  #chunks: Uint8Array[] = [];
  /** The slab whose frames side by side become one chunk, from `#runStart` to `#runEnd`; null while there are none. */
  #run: Slab | null = null;
  #runStart = 0;
  #runEnd = 0;
  /** The slabs of the runs that were not taken yet, and of those that were taken and not written. */
  #open: Slab[] = [];
  #taken: Slab[] = [];
  #bytes = 0;
  #frames = 0;
  #dataFrames = 0;

  /** @param keys - the source of masking keys of a client; null for a server, which must not mask */
  constructor(keys: MaskingKeys | null, kernel: Kernel = plainKernel) {
    this.#keys = keys;
    this.#kernel = kernel;
  }

  /** How many encoded bytes wait to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many encoded frames wait to be taken. */
  get frames(): number {
    return this.#frames;
  }

  /** How many of them are of messages. */
  get dataFrames(): number {
    return this.#dataFrames;
  }

  /** @param firstByte - FIN, the reserved bits and the opcode */
  encode(firstByte: number, payload: Uint8Array): void {
    const header = this.#headerBytes(payload.length);
    if (header + payload.length > largestWhole) return this.#encodeLong(firstByte, payload);
    const slab = slabFor(header + payload.length);
    const body = slab.used + header;
    slab.memory.set(payload, body);
    this.#encodeWhole(slab, firstByte, body, payload.length);
  }

  /** As {@link encode}, of a string, whose UTF-8 is made where it is needed. */
  encodeText(firstByte: number, text: string): void {
    if (text.length > longText) return this.#encodeLong(firstByte, text);
    const slab = slabFor(text.length * 3 + longestHeader);
    // Most text is ASCII, and then the header has this size.
    const guess = slab.used + this.#headerBytes(text.length);
    const size = encodeUtf8Into(text, slab.memory, guess);
    const body = slab.used + this.#headerBytes(size);
    if (body !== guess) slab.memory.copyWithin(body, guess, guess + size);
    this.#encodeWhole(slab, firstByte, body, size);
  }

  /** As {@link encode}, before all that waits: for pongs, which are small. */
  encodeFirst(firstByte: number, payload: Uint8Array): void {
    const body = this.#headerBytes(payload.length);
    const frame = new Uint8Array(body + payload.length);
    this.#writeHeader(frame, 0, firstByte, payload.length);
    frame.set(payload, body);
    this.#mask(frame, body, frame.length, this.#writeKey(frame, body));
    this.#closeRun();
    this.#chunks.unshift(frame);
    this.#count(firstByte, frame.length);
  }

  /** What waits to be written, in order. */
  take(): Uint8Array[] {
    this.#closeRun();
    const chunks = this.#chunks;
    this.#chunks = [];
    if (this.#taken.length > 0) this.#taken.push(...this.#open.splice(0));
    else [this.#taken, this.#open] = [this.#open, this.#taken];
    this.#bytes = 0;
    this.#frames = 0;
    this.#dataFrames = 0;
    return chunks;
  }

  /** All that was taken is written, or will never be: nobody reads it any more. */
  release(): void {
    for (const each of this.#taken) each.runs--;
    this.#taken.length = 0;
  }

  #headerBytes(payloadBytes: number): number {
    const length = payloadBytes < 126 ? 2 : payloadBytes <= 0xffff ? 4 : 10;
    return this.#keys === null ? length : length + 4;
  }

  /** Completes the frame whose payload lies at `body` of the slab. */
  #encodeWhole(slab: Slab, firstByte: number, body: number, payloadBytes: number): void {
    const start = slab.used;
    const end = body + payloadBytes;
    this.#writeHeader(slab.memory, start, firstByte, payloadBytes);
    this.#mask(slab.memory, body, end, this.#writeKey(slab.memory, body));
    this.#use(slab, end);
    this.#count(firstByte, end - start);
  }

  /** Piece by piece, as slabs have room; nothing of the frame waits if one of them cannot be made. */
  #encodeLong(firstByte: number, content: Uint8Array | string): void {
    const slab = slabFor(longestHeader);
    const start = slab.used;
    const body = start + this.#headerBytes(content.length);
    const key = this.#writeKey(slab.memory, body);
    this.#closeRun();
    const { length } = this.#chunks;
    try {
      this.#use(slab, body);
      const payloadBytes = this.#encodePieces(content, slab, key);
      this.#writeHeader(slab.memory, start, firstByte, payloadBytes);
      this.#count(firstByte, body - start + payloadBytes);
    } catch (error) {
      this.#run = null;
      this.#chunks.length = length;
      throw error;
    }
  }

  /** @returns how many bytes it has become */
  #encodePieces(content: Uint8Array | string, slab: Slab, key: Uint8Array | null): number {
    let size = content.length;
    for (let done = 0; done < size; ) {
      if (slab.used === slabBytes) slab = slabFor(1);
      const { memory, used } = slab;
      const end = Math.min(done + slabBytes - used, size);
      if (typeof content !== "string") {
        memory.set(content.subarray(done, end), used);
      } else if (!encodeAsciiInto(content.slice(done, end), memory, used)) {
        // What is done was ASCII, and stays the beginning.
        content = encodeUtf8(content);
        size = content.length;
        continue;
      }
      this.#use(slab, used + end - done);
      this.#mask(memory, used, slab.used, key, done);
      done = end;
    }
    return size;
  }

  /** Takes what is written behind the used part of a slab, up to `end`, into the run. */
  #use(slab: Slab, end: number): void {
    if (this.#run !== slab || this.#runEnd !== slab.used) {
      this.#closeRun();
      this.#run = slab;
      this.#runStart = slab.used;
      slab.runs++;
      this.#open.push(slab);
    }
    slab.used = end;
    this.#runEnd = end;
  }

  /** RFC 6455 section 5.2, all but the masking key. */
  #writeHeader(memory: Uint8Array, at: number, firstByte: number, payloadBytes: number): void {
    const maskBit = this.#keys === null ? 0 : 0x80;
    memory[at] = firstByte;
    if (payloadBytes < 126) {
      memory[at + 1] = maskBit | payloadBytes;
    } else if (payloadBytes <= 0xffff) {
      memory[at + 1] = maskBit | 126;
      memory[at + 2] = payloadBytes >> 8;
      memory[at + 3] = payloadBytes;
    } else {
      memory[at + 1] = maskBit | 127;
      const view = new DataView(memory.buffer, memory.byteOffset + at + 2, 8);
      view.setUint32(0, Math.floor(payloadBytes / 2 ** 32));
      view.setUint32(4, payloadBytes >>> 0);
    }
  }

  /** Draws a key for the payload at `body` and writes it before that. It is valid until the next one is drawn. */
  #writeKey(memory: Uint8Array, body: number): Uint8Array | null {
    const key = this.#keys?.next() ?? null;
    if (key !== null) for (let at = 0; at < 4; at++) memory[body - 4 + at] = key[at] as number;
    return key;
  }

  /** @param phase - how much of the payload lies before `start` */
  #mask(memory: Uint8Array, start: number, end: number, key: Uint8Array | null, phase = 0): void {
    if (key !== null) this.#kernel.mask(memory, start, end, key, phase);
  }

  #closeRun(): void {
    if (this.#run === null) return;
    this.#chunks.push(this.#run.memory.subarray(this.#runStart, this.#runEnd));
    this.#run = null;
  }

  #count(firstByte: number, bytes: number): void {
    this.#bytes += bytes;
    this.#frames++;
    if (!isControl(firstByte & 0x0f)) this.#dataFrames++;
  }
}
