// SPDX-License-Identifier: Apache-2.0
// A part of what `npm run simulate` runs: see docs/reliability.md.

import { expect, test } from "vitest";
import { collect } from "../support/collect.ts";
import { simulate } from "./simulate.ts";

const seedsInAll = 1000;
const perTest = 200;

test.each(Array.from({ length: seedsInAll / perTest }, (_, at) => at * perTest))(
  "simulated connections from seed %i on keep what is promised",
  async (first) => {
    let messages = 0;
    for (let seed = first; seed < first + perTest; seed++) {
      const outcome = await simulate(seed);
      expect(outcome.broken, `npm run simulate -- --seed ${seed}`).toEqual([]);
      messages += outcome.messages;
    }
    expect(messages, "messages have come").toBeGreaterThan(perTest);
  },
);

test("a seed replays: the same happens at the same times", async () => {
  for (const seed of [7, 31, 90]) {
    const [once, again] = [await simulate(seed), await simulate(seed)];
    expect(again.log).toEqual(once.log);
    expect(once.log.length).toBeGreaterThan(10);
  }
});

test("nothing of a connection is kept", async () => {
  const references: WeakRef<object>[] = [];
  for (let seed = 0; seed < 40; seed++) references.push(...(await simulate(seed)).references);
  for (let count = 0; count < 5; count++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  expect(references.length).toBe(160);
  expect(references.filter((one) => one.deref() !== undefined)).toHaveLength(0);
});
