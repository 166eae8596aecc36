// SPDX-License-Identifier: Apache-2.0
import { onAbort } from "./abort-listeners.ts";

/** What everything that waits takes. */
export interface WaitOptions {
  /** Ends the wait with `signal.reason`; what was waited for is not lost. */
  readonly signal?: AbortSignal | undefined;
}

/** A promise with its two ends in the hand. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T | PromiseLike<T>) => void;
  reject!: (reason: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** The shared promise of everything that is done at once. */
export const done: Promise<void> = Promise.resolve();

/** Marks a rejection as seen, where whoever cares learns of it another way. */
export function observe(promise: Promise<unknown>): void {
  promise.then(undefined, () => undefined);
}

/**
 * Waits for a promise, but not beyond an abort: the promise itself goes on, unheard. When both have happened the abort
 * wins.
 */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Deferred<never>();
  observe(aborted.promise);
  const abort = () => aborted.reject(signal.reason);
  const release = onAbort(signal, abort);
  if (signal.aborted) abort();
  try {
    const result = await Promise.race([promise, aborted.promise]);
    signal.throwIfAborted();
    return result;
  } finally {
    release();
  }
}
