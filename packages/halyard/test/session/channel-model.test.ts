// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, test } from "vitest";
import { bounded } from "../../src/session/bounds.ts";
import { Channel } from "../../src/session/channel.ts";
import { ChannelClosedError } from "../../src/session/errors.ts";

/** What the model expects of one call: it is filled in when the model knows. */
interface Call {
  expected?: string;
  got?: string;
  readonly controller: AbortController;
}

/** A channel as simple as can be. */
class Model {
  readonly queue: number[] = [];
  readonly waiting: Call[] = [];
  readonly calls: Call[] = [];
  pushed = 0;
  isLossy = false;
  end: string | null = null;
  discarded = 0;
  bound = 3;

  hasRoom(): boolean {
    return this.queue.length < this.bound;
  }

  push(element: number): void {
    this.pushed++;
    const next = this.waiting.shift();
    if (this.end !== null || (this.isLossy && next === undefined && !this.hasRoom())) this.discarded++;
    else if (next !== undefined) next.expected = `got ${element}`;
    else this.queue.push(element);
  }

  finish(how: string): void {
    if (this.end !== null) return;
    this.end = how;
    for (const call of this.waiting.splice(0)) call.expected = how;
  }

  call(): Call {
    const call: Call = { controller: new AbortController() };
    this.calls.push(call);
    if (this.queue.length === 0 && this.end === null) this.waiting.push(call);
    return call;
  }
}

type Step = fc.Command<Model, Channel<number>>;

function step(name: string, run: (model: Model, real: Channel<number>) => void): Step {
  return { check: () => true, run, toString: () => name };
}

function record(call: Call, result: Promise<unknown>): void {
  result.then(
    (value) => (call.got = `got ${String(value)}`),
    (error: unknown) =>
      (call.got = error instanceof ChannelClosedError ? "closed" : (error as Error).message),
  );
}

const steps: fc.Arbitrary<Step>[] = [
  fc.constant(
    step("push", (model, real) => {
      const element = model.pushed;
      const isFull = model.end === null && !model.isLossy && !model.hasRoom();
      expect(real.hasRoom(element)).toBe(!isFull);
      if (isFull) return;
      model.push(element);
      real.push(element);
    }),
  ),
  fc.constant(
    step("receive", (model, real) => {
      const call = model.call();
      if (!model.waiting.includes(call)) {
        const element = model.queue.shift();
        call.expected = element === undefined ? (model.end ?? "") : `got ${element}`;
      }
      record(call, real.receive({ signal: call.controller.signal }));
    }),
  ),
  fc.constant(
    step("next batch", (model, real) => {
      const call = model.call();
      const batch = model.queue.splice(0);
      if (!model.waiting.includes(call)) {
        const atEnd = model.end === "closed" ? "got undefined" : (model.end ?? "");
        call.expected = batch.length === 0 ? atEnd : `got ${String(batch)}`;
      } else {
        // It waits in line like any receiver; a clean end is an end of iteration for it, no error.
        model.waiting[model.waiting.indexOf(call)] = {
          controller: call.controller,
          set expected(outcome: string) {
            call.expected = outcome === "closed" ? "got undefined" : outcome;
          },
        };
      }
      const iterator = real.batches()[Symbol.asyncIterator]();
      record(
        call,
        iterator.next().then(({ value }) => value as unknown),
      );
    }),
  ),
  fc.constant(step("tryReceive", (model, real) => expect(real.tryReceive()).toBe(model.queue.shift()))),
  fc.nat(5).map((at) =>
    step(`abort ${at}`, (model) => {
      const call = model.calls.at(-1 - at);
      if (call === undefined) return;
      const place = model.waiting.indexOf(call);
      if (place >= 0) {
        model.waiting.splice(place, 1);
        call.expected = "aborted";
      }
      call.controller.abort(new Error("aborted"));
    }),
  ),
  fc.constantFrom("closed", "closed for a reason", "broken").map((how) =>
    step(`end: ${how}`, (model, real) => {
      model.finish(how === "broken" ? how : "closed");
      if (how === "closed for a reason") real.end(new ChannelClosedError(how), true);
      else real.end(how === "closed" ? undefined : new Error(how));
    }),
  ),
  fc.constant(
    step("cancel", (model, real) => {
      model.discarded += model.queue.splice(0).length;
      model.finish("closed");
      real.cancel();
    }),
  ),
  fc.constant(
    step("drop when full", (model, real) => {
      model.isLossy = true;
      real.dropWhenFull();
    }),
  ),
  fc.constant(
    step("lift bounds", (model, real) => {
      model.bound = Infinity;
      real.liftBounds();
    }),
  ),
];

test("a property: whatever is called in whatever order, it does as a simple model does", async () => {
  // The rarer steps end or change the channel, so that most runs go on for a while.
  const [push, receive, batch, tryReceive, abort, ...rare] = steps;
  const arbitraries = [push, push, push, receive, receive, batch, tryReceive, abort, ...rare];
  await fc.assert(
    fc.asyncProperty(
      fc.commands(arbitraries as fc.Arbitrary<Step>[], { maxCommands: 60 }),
      async (commands) => {
        const model = new Model();
        const real = new Channel<number>(bounded({ messages: model.bound }), () => 1);
        fc.modelRun(() => ({ model, real }), commands);
        real.end();
        model.finish("closed");
        const rest = [...model.queue];
        await new Promise((resolve) => setImmediate(resolve));
        expect(model.calls.map(({ got }) => got)).toEqual(model.calls.map(({ expected }) => expected));
        expect(real.discarded).toBe(model.discarded);
        for (const element of rest) expect(real.tryReceive()).toBe(element);
        expect(real.isClosedForReceive).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
