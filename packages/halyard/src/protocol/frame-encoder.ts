// SPDX-License-Identifier: Apache-2.0
import { applyMask, type MaskingKeys } from "./masking.ts";
import { isControl } from "./opcodes.ts";

/** Frames up to a quarter of this share a slab, so that the frames of a tick leave in one write. */
const slabBytes = 64 * 1024;

/**
 * Memory that small frames of all connections are encoded into, one after the other. Bytes are handed out once and
 * never again, so what was sent cannot change afterwards; a slab lives as long as something in it waits to be written.
 */
let slab = new Uint8Array(0);
let slabUsed = 0;

function allocate(size: number): Uint8Array {
  if (size > slabBytes / 4) return new Uint8Array(size);
  if (slab.length - slabUsed < size) {
    slab = new Uint8Array(slabBytes);
    slabUsed = 0;
  }
  const memory = slab.subarray(slabUsed, slabUsed + size);
  slabUsed += size;
  return memory;
}

/** The size of a frame's header (RFC 6455 section 5.2) without the masking key. */
function headerBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes <= 0xffff ? 4 : 10;
}

function writeLength(target: Uint8Array, payloadBytes: number, maskBit: number): void {
  if (payloadBytes < 126) {
    target[1] = maskBit | payloadBytes;
  } else if (payloadBytes <= 0xffff) {
    target[1] = maskBit | 126;
    target[2] = payloadBytes >> 8;
    target[3] = payloadBytes;
  } else {
    target[1] = maskBit | 127;
    const view = new DataView(target.buffer, target.byteOffset + 2, 8);
    view.setUint32(0, Math.floor(payloadBytes / 2 ** 32));
    view.setUint32(4, payloadBytes >>> 0);
  }
}

/** Turns frames into bytes and keeps them until they are taken. The payload is copied: the caller may change it. */
export class FrameEncoder {
  readonly #keys: MaskingKeys | null;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #frames = 0;
  #dataFrames = 0;

  /** @param keys - the source of masking keys of a client; null for a server, which must not mask */
  constructor(keys: MaskingKeys | null) {
    this.#keys = keys;
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
    this.#append(this.#frame(firstByte, payload));
  }

  /** As {@link encode}, before all that waits: for pongs. */
  encodeFirst(firstByte: number, payload: Uint8Array): void {
    const frame = this.#frame(firstByte, payload);
    this.#chunks.unshift(frame);
    this.#count(frame);
  }

  /** What waits to be written, in order. */
  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    this.#frames = 0;
    this.#dataFrames = 0;
    return chunks;
  }

  #frame(firstByte: number, payload: Uint8Array): Uint8Array {
    const maskBytes = this.#keys === null ? 0 : 4;
    const start = headerBytes(payload.length) + maskBytes;
    const frame = allocate(start + payload.length);
    frame[0] = firstByte;
    writeLength(frame, payload.length, maskBytes === 0 ? 0 : 0x80);
    frame.set(payload, start);
    if (this.#keys !== null) {
      const key = this.#keys.next();
      frame.set(key, start - maskBytes);
      applyMask(frame, start, frame.length, key);
    }
    return frame;
  }

  /** Frames that lie side by side in a slab become one chunk, and so one write. */
  #append(frame: Uint8Array): void {
    const last = this.#chunks.at(-1);
    if (
      last !== undefined &&
      last.buffer === frame.buffer &&
      last.byteOffset + last.length === frame.byteOffset
    ) {
      this.#chunks[this.#chunks.length - 1] = new Uint8Array(
        last.buffer,
        last.byteOffset,
        last.length + frame.length,
      );
    } else {
      this.#chunks.push(frame);
    }
    this.#count(frame);
  }

  #count(frame: Uint8Array): void {
    this.#bytes += frame.length;
    this.#frames++;
    if (!isControl((frame[0] as number) & 0x0f)) this.#dataFrames++;
  }
}
