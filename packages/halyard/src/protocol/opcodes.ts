// SPDX-License-Identifier: Apache-2.0

/** The opcodes of RFC 6455 section 11.8. */
export const Opcode = {
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa,
} as const;

/** RFC 6455 section 5.5: control frames are those whose opcode has the highest bit set. */
export function isControl(opcode: number): boolean {
  return (opcode & 0x8) !== 0;
}

export function isReserved(opcode: number): boolean {
  return (opcode & 0x7) > 2;
}
