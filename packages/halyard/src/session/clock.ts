// SPDX-License-Identifier: Apache-2.0

/** Cancels a timer; calling it again, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/** Time as the library sees it. Injected, so that tests turn it by hand. */
export interface Clock {
  /** Monotonic milliseconds; the origin means nothing. */
  now(): number;
  /** Calls back once, `milliseconds` from now. */
  after(milliseconds: number, callback: () => void): CancelTimer;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
