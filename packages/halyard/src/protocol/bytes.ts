// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "./errors.ts";

/** What the API takes as bytes: any buffer or view. It is read, never changed. */
export type BinaryData = ArrayBufferView | ArrayBufferLike;

/** Fills `target` with bytes from a cryptographic source. Injected, so that a whole client can run repeatably. */
export type RandomBytes = (target: Uint8Array) => void;

/** For use inside only: who is given it could transfer its memory away, and with that break it for all. */
export const noBytes: Uint8Array = new Uint8Array(0);

/**
 * A view of the same memory; nothing is copied.
 * @throws {@link InvalidArgumentError} when the data is neither a buffer nor a view, a number above all: it would make
 * that many zeros
 */
export function viewOf(data: BinaryData): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(data) ? data : wholeOf(data);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function wholeOf(buffer: ArrayBufferLike): DataView {
  try {
    // It knows buffers of every realm.
    return new DataView(buffer);
  } catch {
    const kind = buffer === null ? "null" : typeof buffer;
    throw new InvalidArgumentError(`bytes are a buffer or a view of one, and this ${kind} is neither`);
  }
}

/** The bytes in memory of their own. Not `slice()`, which for a `Buffer` of Node gives a view of the same memory. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF: RFC 6455 hands on what was sent.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  // Nearly every close message is empty, and a call of the platform's encoder costs up to 5 µs.
  return text === "" ? new Uint8Array(0) : encoder.encode(text);
}

/** How many bytes of UTF-8 a string is that has no lone surrogates. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Of a surrogate pair each half stands for two of its four bytes.
    bytes += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2;
  }
  return bytes;
}

/** Up to here a loop costs less than the view that the platform's encoder wants. */
const loopUnits = 64;

/**
 * UTF-8 of `text` into memory that has room for three bytes a unit.
 * @returns how many bytes it has become
 */
export function encodeUtf8Into(text: string, target: Uint8Array, start: number): number {
  const { length } = text;
  let at = 0;
  if (length <= loopUnits) {
    for (; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= 0x80) break;
      target[start + at] = unit;
    }
    if (at === length) return at;
  }
  return encoder.encodeInto(text, target.subarray(start)).written;
}

/** ASCII into memory that has room for one byte a unit. @returns whether all of it was ASCII */
export function encodeAsciiInto(text: string, target: Uint8Array, start: number): boolean {
  const { read } = encoder.encodeInto(text, target.subarray(start, start + text.length));
  return read === text.length;
}

export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The longest prefix of `text`, cut between characters, that is at most `limit` bytes of UTF-8. */
export function truncateUtf8(text: string, limit: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(limit));
  return text.slice(0, read);
}
