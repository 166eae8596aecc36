// SPDX-License-Identifier: Apache-2.0
import { encodeAsciiInto, encodeUtf8, encodeUtf8Into } from "./bytes.ts";
import { type Kernel, plainKernel } from "./kernel.ts";
import type { MaskingKeys } from "./masking.ts";
import { isControl } from "./opcodes.ts";

/** Frames up to a quarter of this share a slab, so that the frames of a tick leave in one write. */
const slabBytes = 256 * 1024;
const largestShared = slabBytes / 4;
/** RFC 6455 section 5.2. */
const longestHeader = 14;

/**
 * Memory that small frames of all connections are encoded into, one after the other. It is used again only when all that
 * was encoded there is known to be written, so that what was sent cannot change afterwards; else it lives as long as
 * something in it waits.
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

/** The one that is filled, and behind it those that were, to be used again: 2 MiB for the process. */
const slabs: Slab[] = [];
const mostSlabs = 8;

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
    if (header + payload.length > largestShared) {
      const frame = this.#ownFrame(firstByte, payload.length);
      frame.set(payload, frame.length - payload.length);
      return this.#encodeOwn(frame, payload.length);
    }
    const shared = slabFor(header + payload.length);
    const body = shared.used + header;
    shared.memory.set(payload, body);
    this.#encodeShared(shared, firstByte, body, payload.length);
  }

  /** As {@link encode}, of a string, whose UTF-8 is made where it is needed. */
  encodeText(firstByte: number, text: string): void {
    const most = text.length * 3 + longestHeader;
    if (most > largestShared) return this.#encodeLongText(firstByte, text);
    const shared = slabFor(most);
    // Most text is ASCII, and then the header has this size.
    const guess = shared.used + this.#headerBytes(text.length);
    const size = encodeUtf8Into(text, shared.memory, guess);
    const body = shared.used + this.#headerBytes(size);
    if (body !== guess) shared.memory.copyWithin(body, guess, guess + size);
    this.#encodeShared(shared, firstByte, body, size);
  }

  /** As {@link encode}, before all that waits: for pongs. */
  encodeFirst(firstByte: number, payload: Uint8Array): void {
    const frame = this.#ownFrame(firstByte, payload.length);
    const body = frame.length - payload.length;
    frame.set(payload, body);
    this.#mask(frame, body, frame.length);
    this.#closeRun();
    this.#chunks.unshift(frame);
    this.#count(firstByte, frame.length);
  }

  /** What waits to be written, in order. */
  take(): Uint8Array[] {
    this.#closeRun();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#taken.push(...this.#open.splice(0));
    this.#bytes = 0;
    this.#frames = 0;
    this.#dataFrames = 0;
    return chunks;
  }

  /** All that was taken is written, or will never be: nobody reads it any more. */
  release(): void {
    for (const each of this.#taken.splice(0)) each.runs--;
  }

  #headerBytes(payloadBytes: number): number {
    const length = payloadBytes < 126 ? 2 : payloadBytes <= 0xffff ? 4 : 10;
    return this.#keys === null ? length : length + 4;
  }

  /** Completes the frame whose payload lies at `body` of the slab. */
  #encodeShared(shared: Slab, firstByte: number, body: number, payloadBytes: number): void {
    const start = shared.used;
    const end = body + payloadBytes;
    shared.used = end;
    this.#writeHeader(shared.memory, start, firstByte, payloadBytes);
    this.#mask(shared.memory, body, end);
    if (this.#run !== shared || this.#runEnd !== start) {
      this.#closeRun();
      this.#run = shared;
      this.#runStart = start;
      shared.runs++;
      this.#open.push(shared);
    }
    this.#runEnd = end;
    this.#count(firstByte, end - start);
  }

  #encodeLongText(firstByte: number, text: string): void {
    const frame = this.#ownFrame(firstByte, text.length);
    const isAscii = encodeAsciiInto(text, frame, frame.length - text.length);
    if (isAscii) this.#encodeOwn(frame, text.length);
    else this.encode(firstByte, encodeUtf8(text));
  }

  /** Completes a frame in memory of its own whose payload is set. */
  #encodeOwn(frame: Uint8Array, payloadBytes: number): void {
    this.#mask(frame, frame.length - payloadBytes, frame.length);
    this.#closeRun();
    this.#chunks.push(frame);
    this.#count(frame[0] as number, frame.length);
  }

  /** A frame in memory of its own, with its header, whose payload is still to be set and masked. */
  #ownFrame(firstByte: number, payloadBytes: number): Uint8Array {
    const frame = new Uint8Array(this.#headerBytes(payloadBytes) + payloadBytes);
    this.#writeHeader(frame, 0, firstByte, payloadBytes);
    return frame;
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

  /** Masks a payload with a key of its own, which goes before it. */
  #mask(memory: Uint8Array, body: number, end: number): void {
    if (this.#keys === null) return;
    const key = this.#keys.next();
    for (let at = 0; at < 4; at++) memory[body - 4 + at] = key[at] as number;
    this.#kernel.mask(memory, body, end, key);
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
