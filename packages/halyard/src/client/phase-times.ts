// SPDX-License-Identifier: Apache-2.0
import type { HandshakeTimings, Phase } from "../protocol/errors.ts";
import type { Clock } from "../session/clock.ts";
import type { WatchedCall } from "./attempt-watch.ts";

/** How long each phase of a call takes, from the moment when this is made. A phase that comes again is added up. */
export class PhaseTimes implements WatchedCall {
  readonly url: string;
  readonly #clock: Clock;
  readonly #began: number;
  readonly #phases: Phase[] = [];
  /** When each was entered. */
  readonly #entered: number[] = [];

  /** @param url - that was asked for, free of secrets */
  constructor(clock: Clock, url: string) {
    this.url = url;
    this.#clock = clock;
    this.#began = clock.now();
  }

  get phase(): Phase | undefined {
    return this.#phases.at(-1);
  }

  get elapsed(): number {
    return rounded(this.#clock.now() - this.#began);
  }

  enter(phase: Phase): void {
    this.#phases.push(phase);
    this.#entered.push(this.#clock.now());
  }

  /** As long as it has taken until now. */
  timings(): HandshakeTimings {
    const now = this.#clock.now();
    const took = new Map<Phase, number>();
    for (const [at, phase] of this.#phases.entries()) {
      const more = (this.#entered[at + 1] ?? now) - (this.#entered[at] ?? now);
      took.set(phase, rounded((took.get(phase) ?? 0) + more));
    }
    return { ...Object.fromEntries(took), total: rounded(now - this.#began) };
  }
}

/** To microseconds: what is behind them is noise. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
