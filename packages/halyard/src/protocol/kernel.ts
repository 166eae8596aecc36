// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "./bytes.ts";
import { applyMask } from "./masking.ts";
import { isUtf8 } from "./utf8.ts";

/**
 * What costs most where messages are many or large, behind an interface: a platform may know faster ways than the plain
 * one. All of them give the same results.
 */
export interface Kernel {
  /** The text of the bytes, a leading U+FEFF included; undefined when they are not UTF-8 (RFC 3629). */
  decode(bytes: Uint8Array, start: number, end: number): string | undefined;
  /** One unit for each byte, which is right where a byte is ASCII. */
  units(bytes: Uint8Array, start: number, end: number): string;
  /** Whether the bytes are UTF-8 from the first to the last. */
  readonly isUtf8: (bytes: Uint8Array) => boolean;
  /**
   * Applies a masking key (RFC 6455 section 5.3) in place.
   *
   * @param phase - how many bytes of the payload came before `start`
   */
  readonly mask: (bytes: Uint8Array, start: number, end: number, key: Uint8Array, phase?: number) => void;
  /** A buffer of its own that is written to before it is read; what is in it until then is anything. */
  readonly allocate: (size: number) => Uint8Array;
}

const latin1 = /* @__PURE__ */ new TextDecoder("latin1");

/** By what every platform has. */
export const plainKernel: Kernel = {
  decode(bytes, start, end) {
    const part = bytes.subarray(start, end);
    return isUtf8(part) ? decodeUtf8(part) : undefined;
  },
  units: (bytes, start, end) => latin1.decode(bytes.subarray(start, end)),
  isUtf8: (bytes) => isUtf8(bytes),
  mask: applyMask,
  allocate: (size) => new Uint8Array(size),
};
