// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { Deadline } from "../../src/session/deadline.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

test("a deadline comes nearer, is never put off, and passes once", async () => {
  const clock = new VirtualClock();
  const deadline = new Deadline(clock);
  const passed: number[] = [];
  for (const milliseconds of [100, 200, 50, 50]) deadline.set(milliseconds, () => passed.push(milliseconds));
  expect(clock.pending).toBe(1);
  await clock.advance(49);
  expect(passed).toEqual([]);
  await clock.advance(1000);
  expect(passed).toEqual([50]);
});

test("of two that are due at the same time the first counts", async () => {
  const clock = new VirtualClock();
  const deadline = new Deadline(clock);
  const passed: string[] = [];
  deadline.set(50, () => passed.push("first"));
  deadline.set(50, () => passed.push("second"));
  await clock.advance(50);
  expect(passed).toEqual(["first"]);
});

test("a cancelled deadline is never set again, and leaves no timer", async () => {
  const clock = new VirtualClock();
  const deadline = new Deadline(clock);
  const passed = () => expect.unreachable();
  deadline.set(100, passed);
  deadline.cancel();
  deadline.set(1, passed);
  expect(clock.pending).toBe(0);
  await clock.advance(1000);
});
