// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { Attempt } from "../../../src/client/engine.ts";
import { SharedAttempt, type Together } from "../../../src/engines/cio/http2/shared-attempt.ts";
import { Deferred } from "../../../src/session/waiting.ts";

/** An attempt that can be aborted, and remembers where it was. */
class FakeAttempt implements Attempt {
  readonly signal: AbortSignal = new AbortController().signal;
  readonly phases: string[] = [];
  #callback: ((reason: unknown) => void) | null = null;

  onAbort(callback: ((reason: unknown) => void) | null): void {
    this.#callback = callback;
  }

  entered(phase: string): void {
    this.phases.push(phase);
  }

  abort(reason: unknown): void {
    this.#callback?.(reason);
  }
}

function shared() {
  const done = new Deferred<string>();
  const aborts: unknown[] = [];
  const held: { together?: Together } = {};
  const attempt = new SharedAttempt<string>((together) => {
    held.together = together;
    together.onAbort((reason) => aborts.push(reason));
    return done.promise;
  });
  return {
    attempt,
    done,
    aborts,
    entered: (phase: "dns" | "connect") => held.together?.entered(phase),
    held,
  };
}

describe("work for several", () => {
  test("gives all of them its result, and tells each how far it is", async () => {
    const { attempt, done, entered } = shared();
    const [first, second] = [new FakeAttempt(), new FakeAttempt()];
    const one = attempt.join(first);
    entered("dns");
    const two = attempt.join(second);
    entered("connect");
    done.resolve("done");
    expect(await Promise.all([one, two])).toEqual(["done", "done"]);
    expect([first.phases, second.phases]).toEqual([
      ["dns", "connect"],
      ["dns", "connect"],
    ]);
  });

  test("goes on when one leaves, and is given up when the last has", async () => {
    const { attempt, aborts } = shared();
    const [first, second] = [new FakeAttempt(), new FakeAttempt()];
    const one = attempt.join(first).catch((reason: unknown) => reason);
    const two = attempt.join(second).catch((reason: unknown) => reason);
    first.abort("one");
    expect(await one).toBe("one");
    expect([aborts, attempt.isGivenUp]).toEqual([[], false]);
    second.abort("two");
    expect(await two).toBe("two");
    expect([aborts, attempt.isGivenUp]).toEqual([["two"], true]);
  });

  test("that is given up between two steps hears of it at the next", () => {
    const { attempt, held } = shared();
    held.together?.onAbort(null);
    const only = new FakeAttempt();
    attempt.join(only).catch((reason: unknown) => reason);
    only.abort("enough");
    const later: unknown[] = [];
    held.together?.onAbort((reason) => later.push(reason));
    expect(later).toEqual(["enough"]);
  });
});
