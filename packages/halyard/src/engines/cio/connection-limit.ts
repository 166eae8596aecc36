// SPDX-License-Identifier: Apache-2.0

/** Lets so many connections be open at once; who comes when it is full waits, in order. */
export class ConnectionLimit {
  readonly #most: number;
  #open = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a place, which {@link release} gives back. Aborted, it takes none. */
  async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#open < this.#most) {
      this.#open++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const proceed = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(proceed), 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(proceed);
    });
  }

  /** Hands the place to who waits longest. */
  release(): void {
    const proceed = this.#waiting.shift();
    if (proceed === undefined) this.#open--;
    else proceed();
  }
}
