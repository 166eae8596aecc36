// SPDX-License-Identifier: Apache-2.0
import { copyOf } from "../../protocol/bytes.ts";
import { InvalidArgumentError } from "../../protocol/errors.ts";

/** A platform keeps a whole message in memory, so one of endless parts has to end somewhere. */
const mostBytes = 64 * 1024 * 1024;

/** The fragments of a message that a platform sends only whole. */
export class JoinedMessage {
  readonly #parts: Uint8Array[] = [];
  /** How many bytes it has. */
  size = 0;

  /** @throws {@link InvalidArgumentError} when it becomes too large */
  add(part: Uint8Array): void {
    this.size += part.length;
    if (this.size > mostBytes) {
      throw new InvalidArgumentError(
        `this engine sends whole messages only, of at most ${mostBytes} bytes when they are given in parts`,
      );
    }
    this.#parts.push(copyOf(part));
  }

  /** All of it in one piece. */
  take(): Uint8Array {
    const whole = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
