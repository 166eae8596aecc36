// SPDX-License-Identifier: Apache-2.0
import type { HandshakeTimings, Phase } from "../protocol/errors.ts";
import type { Clock } from "../session/clock.ts";
import type { WatchedCall } from "./attempt-watch.ts";

/** How long each phase of a call takes, from the moment when this is made. A phase that comes again is added up. */
export class PhaseTimes implements WatchedCall {
  readonly url: string;
  readonly #clock: Clock;
  readonly #began: number;
  #phase: Phase | undefined;
  #entered: number;
  readonly #spent: Partial<Record<Phase, number>> = {};

  /** @param url - that was asked for, free of secrets */
  constructor(clock: Clock, url: string) {
    this.url = url;
    this.#clock = clock;
    this.#began = clock.now();
    this.#entered = this.#began;
  }

  /** The phase that was entered last. */
  get phase(): Phase | undefined {
    return this.#phase;
  }

  /** Milliseconds since the beginning. */
  get elapsed(): number {
    return rounded(this.#clock.now() - this.#began);
  }

  enter(phase: Phase): void {
    this.#leave();
    this.#phase = phase;
  }

  /** As long as it has taken until now. */
  timings(): HandshakeTimings {
    this.#leave();
    const timings: Partial<Record<Phase | "total", number>> = {};
    for (const [phase, milliseconds] of Object.entries(this.#spent)) {
      timings[phase as Phase] = rounded(milliseconds);
    }
    timings.total = rounded(this.#entered - this.#began);
    return timings;
  }

  #leave(): void {
    const now = this.#clock.now();
    const phase = this.#phase;
    if (phase !== undefined) this.#spent[phase] = (this.#spent[phase] ?? 0) + now - this.#entered;
    this.#entered = now;
  }
}

/** To microseconds: what is behind them is noise. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
