// SPDX-License-Identifier: Apache-2.0
import type { Attempt, EngineEvent } from "../../../client/engine.ts";
import type { Phase } from "../../../protocol/errors.ts";

/** What the work of a {@link SharedAttempt} sees of all who wait for it. */
export interface Together extends Pick<Attempt, "entered" | "onAbort"> {
  notice(event: EngineEvent): void;
}

/** One piece of work for several attempts, each with a deadline and a signal of its own: given up when the last has gone. */
export class SharedAttempt<T> {
  readonly result: Promise<T>;
  readonly #waiting = new Set<Attempt>();
  #phase: Phase | undefined;
  #onAbort: ((reason: unknown) => void) | null = null;
  #givenUp: { readonly reason: unknown } | null = null;

  constructor(work: (together: Together) => Promise<T>) {
    this.result = work({
      entered: (phase) => {
        this.#phase = phase;
        for (const attempt of this.#waiting) attempt.entered(phase);
      },
      notice: (event) => {
        for (const attempt of this.#waiting) attempt.notice?.(event);
      },
      onAbort: (callback) => {
        this.#onAbort = callback;
        if (this.#givenUp !== null) callback?.(this.#givenUp.reason);
      },
    });
  }

  /** Whether nobody can join any more. */
  get isGivenUp(): boolean {
    return this.#givenUp !== null;
  }

  /** Waits for the result; rejects with the reason of an abort of this one alone. */
  join(attempt: Attempt): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(attempt);
      if (this.#phase !== undefined) attempt.entered(this.#phase);
      const leave = () => {
        if (this.#waiting.delete(attempt)) attempt.onAbort(null);
      };
      attempt.onAbort((reason) => {
        leave();
        reject(reason);
        if (this.#waiting.size > 0) return;
        this.#givenUp = { reason };
        this.#onAbort?.(reason);
      });
      this.result.finally(leave).then(resolve, reject);
    });
  }
}
