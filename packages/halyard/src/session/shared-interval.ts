// SPDX-License-Identifier: Apache-2.0
import type { CancelTimer, Clock } from "./clock.ts";

/** Who is called back. */
export interface Waiting {
  /** When; the interval's own note. */
  due: number;
  elapsed(): void;
}

/**
 * Calls back each who waits, an interval after it began to, all by one timer: who begins later is due later, so only the
 * first is timed. A timer for each, with its closures, would be 300 bytes of an idle session.
 */
export class SharedInterval {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  /** In the order in which they are due. */
  readonly #waiting = new Set<Waiting>();
  #cancelTimer: CancelTimer | null = null;
  /** The next timer is set when all that are due were called. */
  #isFiring = false;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  /** The one of all who wait so long by that clock. */
  static of(clock: Clock, milliseconds: number): SharedInterval {
    let ofClock = intervals.get(clock);
    if (ofClock === undefined) intervals.set(clock, (ofClock = new Map()));
    let interval = ofClock.get(milliseconds);
    if (interval === undefined)
      ofClock.set(milliseconds, (interval = new SharedInterval(clock, milliseconds)));
    return interval;
  }

  /** Begins to wait, from now on and once. */
  add(waiting: Waiting): void {
    // Whole milliseconds take no memory of their own.
    waiting.due = Math.ceil(this.#clock.now() + this.#milliseconds);
    this.#waiting.delete(waiting);
    this.#waiting.add(waiting);
    if (!this.#isFiring) this.#cancelTimer ??= this.#timer(this.#milliseconds);
  }

  /** Ends a wait; with the last one the timer. */
  delete(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size === 0) this.#stop();
  }

  #timer(milliseconds: number): CancelTimer {
    return this.#clock.after(milliseconds, () => this.#fire());
  }

  #fire(): void {
    const now = this.#clock.now();
    this.#cancelTimer = null;
    this.#isFiring = true;
    try {
      for (const waiting of this.#waiting) {
        if (waiting.due > now) break;
        this.#waiting.delete(waiting);
        waiting.elapsed();
      }
    } finally {
      this.#isFiring = false;
      const [next] = this.#waiting;
      if (next === undefined) this.#stop();
      else this.#cancelTimer = this.#timer(Math.max(next.due - now, 0));
    }
  }

  /** Nobody waits: whoever comes next may get another one. */
  #stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const ofClock = intervals.get(this.#clock);
    if (ofClock?.get(this.#milliseconds) === this) ofClock.delete(this.#milliseconds);
  }
}

const intervals = new WeakMap<Clock, Map<number, SharedInterval>>();
