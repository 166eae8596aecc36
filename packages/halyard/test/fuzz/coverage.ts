// SPDX-License-Identifier: Apache-2.0
import { type Profiler, Session } from "node:inspector";

/** Which blocks of a program have run, and about how often, as V8 counts them. */
export class Coverage {
  readonly #session = new Session();
  readonly #url: string;
  /** By what has run since the look before: a batch of inputs, or one. */
  readonly #seen = { batch: new Set<string>(), input: new Set<string>() };

  /** @param url - of the script that is looked at */
  constructor(url: string) {
    this.#url = url;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** How many blocks were seen, those that ran more often counted again for each doubling. */
  get size(): number {
    return this.#seen.input.size;
  }

  /** Looks at what has run since the last call. @returns whether there was something new */
  take(ran: "batch" | "input"): boolean {
    const seen = this.#seen[ran];
    const before = seen.size;
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error !== null) throw error;
      for (const script of answer.result) if (script.url === this.#url) note(script, seen);
    });
    return seen.size > before;
  }
}

function note({ functions }: Profiler.ScriptCoverage, seen: Set<string>): void {
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) {
      if (count > 0) seen.add(`${startOffset}-${endOffset}x${Math.min(31 - Math.clz32(count), 5)}`);
    }
  }
}
