// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { PhaseTimes } from "../../src/client/phase-times.ts";
import { VirtualClock } from "../../src/testing/index.ts";

test("each phase lasts until the next, and the last until it is asked for", async () => {
  const clock = new VirtualClock();
  await clock.advance(1_000);
  const times = new PhaseTimes(clock, "ws://h/");
  expect(times.timings()).toEqual({ total: 0 });
  await clock.advance(5);
  times.enter("connect");
  await clock.advance(7);
  times.enter("upgrade");
  await clock.advance(11);
  expect(times.phase).toBe("upgrade");
  expect(times.elapsed).toBe(23);
  expect(times.timings()).toEqual({ connect: 7, upgrade: 11, total: 23 });
  await clock.advance(1);
  expect(times.timings()).toEqual({ connect: 7, upgrade: 12, total: 24 });
});

test("a phase that comes again, as for a redirect, is added up", async () => {
  const clock = new VirtualClock();
  const times = new PhaseTimes(clock, "ws://h/");
  for (const phase of ["connect", "upgrade", "connect", "upgrade"] as const) {
    times.enter(phase);
    await clock.advance(phase === "connect" ? 2 : 3);
  }
  expect(times.timings()).toEqual({ connect: 4, upgrade: 6, total: 10 });
});

test("microseconds are shown, and not more", () => {
  let now = 0.1;
  const times = new PhaseTimes({ now: () => now, after: () => () => undefined }, "ws://h/");
  times.enter("tls");
  now += 0.2;
  expect(times.timings()).toEqual({ tls: 0.2, total: 0.2 });
});
