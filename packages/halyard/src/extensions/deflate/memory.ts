// SPDX-License-Identifier: Apache-2.0

/** The parts in one piece of memory of its own, since whoever gets a frame may transfer its memory away. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes as a plain Uint8Array, copied if they fill less than half of the memory that they would keep alive. */
export function compact(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = bytes;
  return length * 2 < buffer.byteLength ? new Uint8Array(bytes) : new Uint8Array(buffer, byteOffset, length);
}
