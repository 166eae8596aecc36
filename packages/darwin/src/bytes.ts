// SPDX-License-Identifier: Apache-2.0
import type { DarwinFoundation, FoundationData } from "./foundation.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes as `NSData`, copied. */
export function dataOf({ NSData }: DarwinFoundation, bytes: Uint8Array): FoundationData {
  // NativeScript shows a buffer as NSData whose bytes are read later, from any thread. `dataWithData` copies them now. Of
  // a view it would take the buffer from its beginning.
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
  return NSData.dataWithData((isWhole ? buffer : new Uint8Array(bytes).buffer) as unknown as FoundationData);
}

/** The bytes of `NSData`, in its memory. */
export function bytesOf({ interop }: DarwinFoundation, data: FoundationData | null): Uint8Array {
  // Data of no bytes may have no memory to make a buffer of.
  return data === null || data.length === 0
    ? new Uint8Array(0)
    : new Uint8Array(interop.bufferFromData(data));
}

/** A close reason as `NSData`. */
export function reasonData(foundation: DarwinFoundation, message: string): FoundationData | null {
  return message === "" ? null : dataOf(foundation, encoder.encode(message));
}

/** The close reason that is in `NSData`. */
export function reasonText(foundation: DarwinFoundation, data: FoundationData | null): string {
  return decoder.decode(bytesOf(foundation, data));
}
