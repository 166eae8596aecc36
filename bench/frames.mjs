// SPDX-License-Identifier: Apache-2.0
// Frames of RFC 6455 as bytes.

/**
 * @param {number} opcode
 * @param {Uint8Array} payload
 * @param {{ fin?: boolean, compressed?: boolean }} [flags]
 */
export function serverFrame(opcode, payload, { fin = true, compressed = false } = {}) {
  return Buffer.concat([head(opcode, payload.length, fin, compressed, 0), payload]);
}

/**
 * A client's frame has a masking key. This one is zero, which leaves the payload as it is.
 * @param {number} opcode
 * @param {Uint8Array} payload
 */
export function clientFrame(opcode, payload) {
  return Buffer.concat([head(opcode, payload.length, true, false, 0x80), Buffer.alloc(4), payload]);
}

/** @param {number} opcode @param {number} length @param {boolean} fin @param {boolean} compressed @param {number} maskBit */
function head(opcode, length, fin, compressed, maskBit) {
  const first = (fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode;
  if (length < 126) return Buffer.from([first, maskBit | length]);
  if (length < 65_536) return Buffer.from([first, maskBit | 126, length >> 8, length & 255]);
  const bytes = Buffer.alloc(10);
  bytes[0] = first;
  bytes[1] = maskBit | 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}
