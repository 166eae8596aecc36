// SPDX-License-Identifier: Apache-2.0
import { HalyardError, type HandshakeTimings, type Phase } from "../protocol/errors.ts";
import { onAbort } from "../session/abort-listeners.ts";
import type { Clock } from "../session/clock.ts";
import { TimeoutError } from "../session/errors.ts";
import type { WebSocketSession } from "../session/web-socket-session.ts";
import type { AttemptWatch, WatchedCall } from "./attempt-watch.ts";
import type { Attempt, EngineEvent } from "./engine.ts";
import { PhaseTimes } from "./phase-times.ts";

export interface AttemptBounds {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeout: number;
  readonly caller: AbortSignal | undefined;
  /** The URL for errors, free of secrets. */
  readonly safeUrl: string;
  /** What takes time, in the words of a sentence that goes on with the URL. @defaultValue "the handshake with" */
  readonly what?: string;
  /** Who watches. @defaultValue nobody */
  readonly watchers?: readonly ((call: WatchedCall) => AttemptWatch)[];
}

/** One deadline over a whole call, the caller's signal, and the client's: whichever comes first ends it. */
export class BoundedAttempt implements Attempt {
  readonly #bounds: AttemptBounds;
  readonly #times: PhaseTimes;
  #watches: readonly AttemptWatch[] = [];
  /** Made when somebody asks: that, and three listeners, took 40 of the 1,000 µs of a cold handshake. */
  #controller: AbortController | undefined;
  #isOver = false;
  #aborted: { readonly reason: unknown } | null = null;
  #engineCallback: ((reason: unknown) => void) | null = null;
  /** Rejects what {@link run} has returned, until that has settled. */
  #giveUp: ((reason: unknown) => void) | null = null;

  constructor(bounds: AttemptBounds) {
    this.#bounds = bounds;
    this.#times = new PhaseTimes(bounds.clock, bounds.safeUrl);
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
    // Whoever has waited for a connection that is shared goes on in the phase in which that was left.
    if (phase === this.#times.phase) return;
    this.#times.enter(phase);
    for (const watch of this.#watches) watch.entered(phase);
  }

  get notice(): ((event: EngineEvent) => void) | undefined {
    const watches = this.#watches;
    if (watches.length === 0) return undefined;
    return (event) => {
      for (const watch of watches) watch.noticed(event);
    };
  }

  /** How long it has taken until now. */
  timings(): HandshakeTimings {
    return this.#times.timings();
  }

  /** The session that came of it is there. */
  opened(session: WebSocketSession): void {
    for (const watch of this.#watches) watch.opened(session, session.call.timings);
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
   * @param drop - releases one that did not
   */
  run<C, T>(
    open: (attempt: Attempt) => Promise<C>,
    opened: (connection: C) => T,
    drop: (connection: C) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#watches = this.#bounds.watchers?.map((watch) => watch(this.#times)) ?? [];
      const release = this.#bind();
      const fail = (error: unknown) => {
        release();
        this.#failed(error);
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
          drop(connection);
          this.#failed(error);
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
    const release = onAbort(caller, abortedByCaller);
    if (caller.aborted) abortedByCaller();
    return () => {
      cancelTimer();
      release();
    };
  }

  /** Only the first call counts: an engine may fail later of what it was aborted for. */
  #failed(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const timings = this.timings();
    // The reason of an abort is its giver's; of those only the deadline is ours.
    const isOurs = this.#aborted === null || error instanceof TimeoutError;
    if (isOurs && error instanceof HalyardError) error.timed(timings);
    for (const watch of this.#watches) watch.failed(error, timings);
  }

  #timeout(): TimeoutError {
    const { timeout, safeUrl, what = "the handshake with" } = this.#bounds;
    const { phase } = this.#times;
    const where = phase === undefined ? "" : ` (it was at: ${phase})`;
    const text = `${what} ${safeUrl} took longer than ${timeout} ms${where}`;
    return new TimeoutError(text, timeout, { phase, url: safeUrl });
  }
}
