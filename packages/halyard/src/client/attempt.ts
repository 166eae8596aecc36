// SPDX-License-Identifier: Apache-2.0
import type { Phase } from "../protocol/errors.ts";
import type { Clock } from "../session/clock.ts";
import { TimeoutError } from "../session/errors.ts";
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
  readonly #bounds: AttemptBounds;
  #phase: Phase | undefined;
  /** Made when somebody asks: that, and three listeners, took 40 of the 1,000 µs of a cold handshake. */
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | null = null;
  #engineCallback: ((reason: unknown) => void) | null = null;
  /** Rejects what {@link run} has returned, until that has settled. */
  #giveUp: ((reason: unknown) => void) | null = null;

  constructor(bounds: AttemptBounds) {
    this.#bounds = bounds;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  onAbort(callback: ((reason: unknown) => void) | null): void {
    this.#engineCallback = callback;
    if (this.#aborted !== null) callback?.(this.#aborted.reason);
  }

  entered(phase: Phase): void {
    this.#phase = phase;
  }

  /** Only the first call counts. */
  abort(reason: unknown): void {
    if (this.#aborted !== null) return;
    this.#aborted = { reason };
    this.#giveUp?.(reason);
    this.#engineCallback?.(reason);
    this.#controller?.abort(reason);
  }

  /**
   * Runs the engine within the bounds. Should it not obey an abort it is not waited for, and a connection that comes
   * too late is dropped.
   *
   * @param opened - takes over a connection that came in time; from then on the bounds bind no more
   */
  run<C extends EngineConnection, T>(
    open: (attempt: Attempt) => Promise<C>,
    opened: (connection: C) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const release = this.#bind();
      const fail = (error: unknown) => {
        release();
        reject(error);
      };
      if (this.#aborted !== null) return fail(this.#aborted.reason);
      this.#giveUp = fail;
      const take = (connection: C) => {
        release();
        try {
          if (this.#aborted !== null) throw this.#aborted.reason;
          this.#giveUp = null;
          resolve(opened(connection));
        } catch (error) {
          connection.transport.dispose();
          reject(error);
        }
      };
      try {
        open(this).then(take, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** @returns what ends the binding */
  #bind(): () => void {
    const { clock, timeout, caller } = this.#bounds;
    const cancelTimer = clock.after(timeout, () => this.abort(this.#timeout()));
    if (caller === undefined) return cancelTimer;
    const abortedByCaller = () => this.abort(caller.reason);
    caller.addEventListener("abort", abortedByCaller, { once: true });
    if (caller.aborted) abortedByCaller();
    return () => {
      cancelTimer();
      caller.removeEventListener("abort", abortedByCaller);
    };
  }

  #timeout(): TimeoutError {
    const { timeout, safeUrl } = this.#bounds;
    const phase = this.#phase;
    const where = phase === undefined ? "" : ` (it was at: ${phase})`;
    const text = `the handshake with ${safeUrl} took longer than ${timeout} ms${where}`;
    return new TimeoutError(text, timeout, { phase, url: safeUrl });
  }
}
