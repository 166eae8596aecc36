// SPDX-License-Identifier: Apache-2.0
import type { Attempt } from "../../client/engine.ts";

/** Lets so many connections be open at once; who comes when it is full waits, in order. */
export class ConnectionLimit {
  readonly #most: number;
  #open = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a place, which {@link release} gives back, if there is one. */
  tryAcquire(): boolean {
    if (this.#open >= this.#most) return false;
    this.#open++;
    return true;
  }

  /** Waits for a place. Aborted, it takes none. */
  acquire(attempt: Attempt): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      attempt.onAbort((reason) => {
        const at = this.#waiting.indexOf(resolve);
        // Who has been handed a place gives it back when it goes on.
        if (at === -1) return;
        this.#waiting.splice(at, 1);
        reject(reason);
      });
    });
  }

  /** Hands the place to who waits longest. */
  release(): void {
    const proceed = this.#waiting.shift();
    if (proceed === undefined) this.#open--;
    else proceed();
  }
}
