// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "halyard";

/** OkHttp closes a socket, with 1001, for which more than this waits to be written. */
const largestMessage = 16 * 1024 * 1024;
/** What OkHttp is given at most; one larger message goes alone. */
const window = 4 * 1024 * 1024;

interface Waiting {
  readonly size: number;
  readonly hand: () => void;
}

/** @throws {@link InvalidArgumentError} for a message that OkHttp could not send without closing the socket */
export function checkSize(size: number): void {
  if (size <= largestMessage) return;
  throw new InvalidArgumentError(
    `OkHttp sends messages of at most ${largestMessage} bytes, and this one has ${size}: send it as several`,
  );
}

/** What is to be sent, in order, of which OkHttp has no more than it can hold. */
export class OutgoingMessages {
  /** How many bytes are not written yet. */
  bufferedAmount = 0;
  /** How many of them OkHttp has. */
  given = 0;
  #waiting: Waiting[] = [];

  /** Whether OkHttp has to write something before it can be given more. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * @param size - in bytes; 0 for a Close frame
   * @param hand - gives it to OkHttp, now or when that has written enough
   */
  add(size: number, hand: () => void): void {
    this.bufferedAmount += size;
    this.#waiting.push({ size, hand });
    this.#pump();
  }

  /** @param bytes - that OkHttp has written since the last call */
  written(bytes: number): void {
    this.given -= bytes;
    this.bufferedAmount -= bytes;
    this.#pump();
  }

  /** What is not given to OkHttp yet never will be. */
  drop(): void {
    this.#waiting = [];
  }

  #pump(): void {
    let count = 0;
    for (const { size, hand } of this.#waiting) {
      if (this.given > 0 && this.given + size > window) break;
      this.given += size;
      count++;
      hand();
    }
    if (count > 0) this.#waiting = this.#waiting.slice(count);
  }
}
