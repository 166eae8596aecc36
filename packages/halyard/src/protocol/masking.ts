// SPDX-License-Identifier: Apache-2.0
import type { RandomBytes } from "./bytes.ts";

const maskingKeyBytes = 4;
const keyPoolBytes = 4096;
/** Under this size the byte loop beats the set-up of a word view (measured: about 60 bytes on Node 20). */
const wordThreshold = 64;

/**
 * Applies a masking key (RFC 6455 section 5.3) in place. Masking twice gives the original back.
 *
 * @param phase - how many bytes of the payload came before `start`
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, key: Uint8Array, phase = 0): void {
  let at = start;
  if (end - start >= wordThreshold) {
    while (((bytes.byteOffset + at) & 3) !== 0) {
      bytes[at] = (bytes[at] as number) ^ (key[(phase + at - start) & 3] as number);
      at++;
    }
    at = maskWords(bytes, at, end, rotate(key, phase + at - start));
  }
  for (; at < end; at++) {
    bytes[at] = (bytes[at] as number) ^ (key[(phase + at - start) & 3] as number);
  }
}

/** Masks whole 32-bit words from an aligned start; the word order of the machine does not matter to XOR. */
function maskWords(bytes: Uint8Array, start: number, end: number, key: Uint8Array): number {
  const keyWord = new Uint32Array(key.buffer, key.byteOffset, 1)[0] as number;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + start, (end - start) >> 2);
  for (let at = 0; at < words.length; at++) words[at] = (words[at] as number) ^ keyWord;
  return start + words.length * 4;
}

/** A copy of the key, in memory of its own and so aligned, that begins at the given phase. */
function rotate(key: Uint8Array, phase: number): Uint8Array {
  const rotated = new Uint8Array(maskingKeyBytes);
  for (let at = 0; at < maskingKeyBytes; at++) rotated[at] = key[(phase + at) & 3] as number;
  return rotated;
}

/**
 * Masking keys from a cryptographic source (RFC 6455 section 10.3), drawn many at a time since a call for four bytes
 * costs about as much as one for four thousand. No key is used twice.
 */
export class MaskingKeys {
  readonly #randomBytes: RandomBytes;
  readonly #pool = new Uint8Array(keyPoolBytes);
  #used = keyPoolBytes;

  constructor(randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes;
  }

  /** The next key, valid until the following call. */
  next(): Uint8Array {
    if (this.#used === this.#pool.length) {
      this.#randomBytes(this.#pool);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += maskingKeyBytes;
    return this.#pool.subarray(start, this.#used);
  }
}
