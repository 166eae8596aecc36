// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "./errors.ts";
import type { Frame } from "./frame.ts";
import { Opcode } from "./opcodes.ts";
import { reservedBits } from "./reserved-bits.ts";
import { Utf8Validator } from "./utf8.ts";

/**
 * Keeps a caller from writing what RFC 6455 forbids: a message of one type continued by another, reserved bits that
 * nobody negotiated, text that is not UTF-8. It finds the first byte of a data frame, too, since a fragment that
 * continues a message carries opcode 0 (section 5.4).
 */
export class OutgoingGuard {
  /** The opcode of the fragmented message in progress, or 0. */
  #opcode = 0;
  #utf8: Utf8Validator | undefined;
  readonly #settable: number;

  /** @param settable - the reserved bits that a frame may have */
  constructor(settable = 0) {
    this.#settable = settable;
  }

  /**
   * @returns the frame's first byte
   * @throws {@link InvalidArgumentError}; the state is then what it was before
   */
  check(frame: Frame): number {
    const rsv = reservedBits(frame);
    if ((rsv & ~this.#settable) !== 0) {
      throw new InvalidArgumentError("a reserved bit is set that no negotiated extension has claimed");
    }
    if (frame.type !== "text" && frame.type !== "binary") return 0x80 | frame.opcode;
    return this.#checkData(frame, rsv);
  }

  #checkData(frame: Frame.Text | Frame.Binary, rsv: number): number {
    const continues = this.#opcode !== 0;
    if (continues && frame.opcode !== this.#opcode) {
      throw new InvalidArgumentError(
        `a ${frame.type} frame cannot continue the fragmented message in progress, which is of the other type`,
      );
    }
    // With a reserved bit the payload is the extension's, and need not be UTF-8.
    if (frame.type === "text" && rsv === 0) this.#checkText(frame, continues);
    this.#opcode = frame.fin ? 0 : frame.opcode;
    return (frame.fin ? 0x80 : 0) | rsv | (continues ? Opcode.CONTINUATION : frame.opcode);
  }

  #checkText(frame: Frame.Text, continues: boolean): void {
    if (frame.isKnownUtf8 && !continues) return;
    const utf8 = (continues ? this.#utf8?.fork() : undefined) ?? new Utf8Validator();
    if (!utf8.push(frame.data) || (frame.fin && !utf8.isComplete)) {
      throw new InvalidArgumentError("the bytes of a text frame are not UTF-8; send them as a binary frame");
    }
    this.#utf8 = utf8;
  }
}
