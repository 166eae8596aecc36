// SPDX-License-Identifier: Apache-2.0
import type { ReservedBits } from "./extension.ts";
import type { FrameOptions } from "./frame.ts";

/** The reserved bits where the first byte of a frame has them. */
export function reservedBits({ rsv1, rsv2, rsv3 }: ReservedBits): number {
  return (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0);
}

/** The options of a frame with these bits. */
export function frameOptions(fin: boolean, rsv: number): FrameOptions {
  return { fin, rsv1: (rsv & 0x40) !== 0, rsv2: (rsv & 0x20) !== 0, rsv3: (rsv & 0x10) !== 0 };
}
