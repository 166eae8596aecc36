// SPDX-License-Identifier: Apache-2.0
import { encodeUtf8 } from "../bytes.ts";

// SHA-1 is here in plain TypeScript, since what every platform has is asynchronous, and the handshake is not.

/** The SHA-1 of ASCII, in base64. */
export type Sha1 = (ascii: string) => string;

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Makes a Sec-WebSocket-Key: 16 fresh random bytes in base64 (RFC 6455 section 4.1, item 7).
 * @param randomBytes - fills its argument from a cryptographic source
 */
export function createKey(randomBytes: (target: Uint8Array) => void): string {
  const nonce = new Uint8Array(16);
  randomBytes(nonce);
  return base64(nonce);
}

/** Whether the value is base64 of 16 bytes. The four bits that pad the last digit may be anything. */
export function isValidKey(key: string): boolean {
  return /^[A-Za-z0-9+/]{22}==$/.test(key);
}

/**
 * Computes the Sec-WebSocket-Accept that answers a key (RFC 6455 section 4.2.2, item 5.4).
 * @param sha1 - the platform's own, where it has one that does not wait
 */
export function acceptFor(key: string, sha1: Sha1 = plainSha1): string {
  return sha1(key + GUID);
}

const plainSha1: Sha1 = (ascii) => base64(digest(encodeUtf8(ascii)));

/** FIPS 180-4 section 6.1. */
function digest(message: Uint8Array): Uint8Array {
  const padded = pad(message);
  const hash = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Uint32Array(80);
  for (let block = 0; block < padded.byteLength; block += 64) {
    for (let t = 0; t < 16; t++) words[t] = padded.getUint32(block + 4 * t);
    for (let t = 16; t < 80; t++) {
      words[t] = rotateLeft(at(words, t - 3) ^ at(words, t - 8) ^ at(words, t - 14) ^ at(words, t - 16), 1);
    }
    compress(hash, words);
  }
  const bytes = new DataView(new ArrayBuffer(20));
  hash.forEach((word, index) => {
    bytes.setUint32(4 * index, word);
  });
  return new Uint8Array(bytes.buffer);
}

/** The message, a bit 1, zeros, and its length in bits as 64 bits: a multiple of 64 bytes. */
function pad(message: Uint8Array): DataView {
  const padded = new Uint8Array((((message.length + 8) >> 6) + 1) << 6);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length << 3);
  return view;
}

function compress(hash: Uint32Array, words: Uint32Array): void {
  let [a, b, c, d, e] = [at(hash, 0), at(hash, 1), at(hash, 2), at(hash, 3), at(hash, 4)];
  for (let t = 0; t < 80; t++) {
    const mixed = rotateLeft(a, 5) + round(t, b, c, d) + e + at(words, t);
    [a, b, c, d, e] = [mixed | 0, a, rotateLeft(b, 30), c, d];
  }
  // A Uint32Array adds modulo 2^32 by itself.
  hash.set([a, b, c, d, e].map((word, index) => at(hash, index) + word));
}

/** The function and the constant of round `t`. */
function round(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0;
}

/** RFC 4648 section 4. */
function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
