// SPDX-License-Identifier: Apache-2.0

/** Stands between a client that calls back for every message and a scenario that awaits some of them. */
export class Inbox {
  /** @type {unknown[]} */
  #kept = [];
  /** @type {((message: any) => unknown) | undefined} */
  #each;
  #left = 0;
  /** @type {{ resolve(): void, reject(error: Error): void } | undefined} */
  #waiting;

  /** @param {unknown} message */
  push(message) {
    if (this.#left === 0) {
      this.#kept.push(message);
      return;
    }
    this.#each?.(message);
    if (--this.#left === 0) this.#waiting?.resolve();
  }

  /** @param {Error} error */
  fail(error) {
    this.#waiting?.reject(error);
  }

  /**
   * Resolves when so many messages were given to `each`.
   * @param {number} count
   * @param {(message: any) => unknown} [each]
   * @returns {Promise<void>}
   */
  consume(count, each) {
    return new Promise((resolve, reject) => {
      this.#each = each;
      this.#left = count;
      this.#waiting = { resolve, reject };
      for (const message of this.#kept.splice(0)) this.push(message);
    });
  }
}
