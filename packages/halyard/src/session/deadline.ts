// SPDX-License-Identifier: Apache-2.0
import type { CancelTimer, Clock } from "./clock.ts";

/** A point in time that can come nearer, but is never put off. */
export class Deadline {
  readonly #clock: Clock;
  #due = Infinity;
  #cancelTimer: CancelTimer = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `passed` in so many milliseconds, unless what was set before comes first. */
  set(milliseconds: number, passed: () => void): void {
    const due = this.#clock.now() + milliseconds;
    if (due >= this.#due) return;
    this.#due = due;
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(milliseconds, passed);
  }

  /** Once and for all. */
  cancel(): void {
    this.#due = -Infinity;
    this.#cancelTimer();
  }
}
