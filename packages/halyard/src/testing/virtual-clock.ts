// SPDX-License-Identifier: Apache-2.0
import type { CancelTimer, Clock } from "../session/clock.ts";

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is turned. */
export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): CancelTimer {
    const timer = { due: this.#now + milliseconds, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass: fires the timers that fall due, in order, and lets promises settle after each. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.due);
      this.#timers.delete(next);
      next.callback();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** Jumps ahead without firing anything on the way, as a process that was suspended does, then fires what is due. */
  async freeze(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    await this.advance(0);
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

/** Lets promise callbacks run until they have nothing more to do, in all but pathological cases. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}
