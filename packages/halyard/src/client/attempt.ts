// SPDX-License-Identifier: Apache-2.0
import type { Phase } from "../protocol/errors.ts";
import type { Clock } from "../session/clock.ts";
import { TimeoutError } from "../session/errors.ts";
import { unlessAborted } from "../session/waiting.ts";
import type { Attempt, EngineConnection } from "./engine.ts";

export interface AttemptBounds {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeout: number;
  readonly caller: AbortSignal | undefined;
  /** The URL for errors, free of secrets. */
  readonly safeUrl: string;
}

/** One deadline over a whole handshake, the caller's signal, and the client's: whichever comes first ends it. */
export class BoundedAttempt implements Attempt {
  readonly #controller = new AbortController();
  readonly #bounds: AttemptBounds;
  #phase: Phase | undefined;

  constructor(bounds: AttemptBounds) {
    this.#bounds = bounds;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  entered(phase: Phase): void {
    this.#phase = phase;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /**
   * Runs the engine within the bounds. Should it not obey the signal it is not waited for, and a connection that comes
   * too late is dropped.
   *
   * @param opened - takes over a connection that came in time; from then on the bounds bind no more
   */
  async run<T>(
    open: (attempt: Attempt) => Promise<EngineConnection>,
    opened: (connection: EngineConnection) => T,
  ): Promise<T> {
    const { signal } = this;
    const release = this.#bind();
    try {
      signal.throwIfAborted();
      const opening = open(this).then((connection) => {
        release();
        try {
          signal.throwIfAborted();
          return opened(connection);
        } catch (error) {
          connection.transport.dispose();
          throw error;
        }
      });
      return await unlessAborted(opening, signal);
    } finally {
      release();
    }
  }

  /** @returns what ends the binding */
  #bind(): () => void {
    const { clock, timeout, caller, safeUrl } = this.#bounds;
    const cancelTimer = clock.after(timeout, () => {
      const phase = this.#phase;
      const where = phase === undefined ? "" : ` (it was at: ${phase})`;
      const text = `the handshake with ${safeUrl} took longer than ${timeout} ms${where}`;
      this.abort(new TimeoutError(text, timeout, { phase, url: safeUrl }));
    });
    const abortedByCaller = () => this.abort(caller?.reason);
    caller?.addEventListener("abort", abortedByCaller, { once: true });
    if (caller?.aborted) abortedByCaller();
    return () => {
      cancelTimer();
      caller?.removeEventListener("abort", abortedByCaller);
    };
  }
}
