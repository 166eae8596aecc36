// SPDX-License-Identifier: Apache-2.0
import type { RandomBytes } from "./bytes.ts";

const maskingKeyBytes = 4;
const keyPoolBytes = 4096;
/** Under this size the byte loop beats finding the words. */
const wordThreshold = 16;

/** The key from any phase on as one word, in whichever order the machine has. */
const rotated = new Uint8Array(maskingKeyBytes);
const rotatedWord = new Uint32Array(rotated.buffer);

/** The words of small memory that was masked last: slabs and read buffers come again and again. */
let words = new Uint32Array(0);
const rememberedBytes = 256 * 1024;

/**
 * Applies a masking key (RFC 6455 section 5.3) in place. Masking twice gives the original back.
 *
 * @param phase - how many bytes of the payload came before `start`
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, key: Uint8Array, phase = 0): void {
  const { byteOffset } = bytes;
  let at = start;
  if (end - start >= wordThreshold) {
    for (; ((byteOffset + at) & 3) !== 0; at++) {
      bytes[at] = (bytes[at] as number) ^ (key[(phase + at - start) & 3] as number);
    }
    for (let byte = 0; byte < maskingKeyBytes; byte++) {
      rotated[byte] = key[(phase + at - start + byte) & 3] as number;
    }
    const keyWord = rotatedWord[0] as number;
    const all = wordsOf(bytes.buffer);
    const lastWord = (byteOffset + end) >> 2;
    for (let word = (byteOffset + at) >> 2; word < lastWord; word++) {
      all[word] = (all[word] as number) ^ keyWord;
    }
    at = lastWord * 4 - byteOffset;
  }
  for (; at < end; at++) {
    bytes[at] = (bytes[at] as number) ^ (key[(phase + at - start) & 3] as number);
  }
}

function wordsOf(buffer: ArrayBufferLike): Uint32Array {
  if (words.buffer === buffer) return words;
  const all = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
  if (buffer.byteLength <= rememberedBytes) words = all as Uint32Array<ArrayBuffer>;
  return all;
}

/**
 * Masking keys from a cryptographic source (RFC 6455 section 10.3), drawn many at a time since a call for four bytes
 * costs about as much as one for four thousand. No key is used twice.
 */
export class MaskingKeys {
  readonly #randomBytes: RandomBytes;
  readonly #pool = new Uint8Array(keyPoolBytes);
  readonly #key = new Uint8Array(maskingKeyBytes);
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
    // By hand: a view of the pool would cost more than all the rest.
    for (let at = 0; at < maskingKeyBytes; at++) this.#key[at] = this.#pool[this.#used++] as number;
    return this.#key;
  }
}
