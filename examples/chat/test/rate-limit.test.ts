// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { RateLimit } from "../src/server/rate-limit.js";

test("a burst passes, then only what the rate lets through, and after a rest a burst again", () => {
  let now = 0;
  const limit = new RateLimit({ burst: 3, perSecond: 2 }, () => now);
  const passed = () => Array.from({ length: 10 }, () => limit.take()).filter(Boolean).length;
  expect(passed()).toBe(3);
  now += 499;
  expect(passed()).toBe(0);
  now += 1;
  expect(passed()).toBe(1);
  now += 3_600_000;
  expect(passed()).toBe(3);
});
