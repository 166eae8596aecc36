// SPDX-License-Identifier: Apache-2.0

/** What the API takes as bytes: any buffer or view. It is read, never changed. */
export type BinaryData = ArrayBufferView | ArrayBufferLike;

/** Fills `target` with bytes from a cryptographic source. Injected, so that a whole client can run repeatably. */
export type RandomBytes = (target: Uint8Array) => void;

export const noBytes: Uint8Array = new Uint8Array(0);

/** A view of the same memory; nothing is copied. */
export function viewOf(data: BinaryData): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF: RFC 6455 hands on what was sent.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The longest prefix of `text`, cut between characters, that is at most `limit` bytes of UTF-8. */
export function truncateUtf8(text: string, limit: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(limit));
  return text.slice(0, read);
}
