// SPDX-License-Identifier: Apache-2.0
import { unlessAborted } from "../../session/waiting.ts";

/** Work that is done once for all who ask while it is done, and is given up when none of them waits any more. */
export class SharedTask<T> {
  #running: { readonly promise: Promise<T>; readonly controller: AbortController; waiters: number } | null =
    null;

  /** Begins the work, or joins it. @param signal - ends this wait */
  async run(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const running = (this.#running ??= this.#start(work));
    running.waiters++;
    try {
      return await unlessAborted(running.promise, signal);
    } finally {
      running.waiters--;
      if (running.waiters === 0) {
        if (this.#running === running) this.#running = null;
        // Work that is done does not hear it.
        running.controller.abort();
      }
    }
  }

  #start(work: (signal: AbortSignal) => Promise<T>) {
    const controller = new AbortController();
    const running = { promise: work(controller.signal), controller, waiters: 0 };
    const over = () => {
      if (this.#running === running) this.#running = null;
    };
    running.promise.then(over, over);
    return running;
  }
}
