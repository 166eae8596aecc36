// SPDX-License-Identifier: Apache-2.0
import type { Phase } from "../protocol/errors.ts";
import type { Clock } from "../session/clock.ts";
import { TimeoutError } from "../session/errors.ts";
import { unlessAborted } from "../session/waiting.ts";
import type { Attempt, EngineConnection } from "./engine.ts";

/** One deadline over a whole handshake, the caller's signal, and the client's: whichever comes first ends it. */
export class BoundedAttempt implements Attempt {
  readonly #controller = new AbortController();
  readonly #release: () => void;
  #phase: Phase | undefined;

  constructor(options: {
    readonly clock: Clock;
    /** Milliseconds. */
    readonly timeout: number;
    readonly caller: AbortSignal | undefined;
    readonly safeUrl: string;
  }) {
    const { clock, timeout, caller, safeUrl } = options;
    const cancelTimer = clock.after(timeout, () => {
      const phase = this.#phase;
      const where = phase === undefined ? "" : ` (it was at: ${phase})`;
      const text = `the handshake with ${safeUrl} took longer than ${timeout} ms${where}`;
      this.abort(new TimeoutError(text, timeout, { phase, url: safeUrl }));
    });
    const abortedByCaller = () => this.abort(caller?.reason);
    caller?.addEventListener("abort", abortedByCaller, { once: true });
    this.#release = () => {
      cancelTimer();
      caller?.removeEventListener("abort", abortedByCaller);
    };
    if (caller?.aborted) abortedByCaller();
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
   */
  async run(open: (attempt: Attempt) => Promise<EngineConnection>): Promise<EngineConnection> {
    const { signal } = this;
    try {
      signal.throwIfAborted();
      const opening = open(this);
      opening.then(
        (connection) => signal.aborted && connection.transport.dispose(),
        () => undefined,
      );
      return await unlessAborted(opening, signal);
    } finally {
      this.#release();
    }
  }
}
