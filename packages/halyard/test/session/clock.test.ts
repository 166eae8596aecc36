// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { systemClock } from "../../src/session/clock.ts";

test("the system's clock does not go back, and calls back once", async () => {
  const start = systemClock.now();
  await new Promise<void>((resolve) => {
    const cancel = systemClock.after(0, () => {
      cancel();
      resolve();
    });
  });
  expect(systemClock.now()).toBeGreaterThanOrEqual(start);
});

test("a timer that was cancelled does not call back", async () => {
  const called: string[] = [];
  systemClock.after(0, () => called.push("cancelled"))();
  await new Promise<void>((resolve) => systemClock.after(1, resolve));
  expect(called).toEqual([]);
});
