// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { SharedInterval, type Waiting } from "../../src/session/shared-interval.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

/** One who notes when it was called, and begins to wait anew while `again` says so. */
function waiter(clock: VirtualClock, interval: SharedInterval, again = (): boolean => false) {
  const times: number[] = [];
  const waiting: Waiting & { readonly times: number[] } = {
    due: 0,
    times,
    elapsed() {
      times.push(clock.now());
      if (again()) interval.add(waiting);
    },
  };
  return waiting;
}

test("calls each an interval after it has begun to wait, by one timer", async () => {
  const clock = new VirtualClock();
  const interval = SharedInterval.of(clock, 100);
  const first = waiter(clock, interval);
  const second = waiter(clock, interval);
  const third = waiter(clock, interval);
  interval.add(first);
  await clock.advance(30);
  interval.add(second);
  interval.add(third);
  expect(clock.pending).toBe(1);
  interval.delete(third);
  await clock.advance(1000);
  expect([first, second, third]).toMatchObject([{ times: [100] }, { times: [130] }, { times: [] }]);
  expect(clock.pending).toBe(0);
});

test("goes on with those who wait anew, and with one timer", async () => {
  const clock = new VirtualClock();
  const interval = SharedInterval.of(clock, 100);
  const each = [0, 1, 2].map(() => waiter(clock, interval, () => clock.now() < 300));
  for (const one of each) {
    interval.add(one);
    await clock.advance(10);
  }
  await clock.advance(150);
  expect(clock.pending).toBe(1);
  await clock.advance(1000);
  expect(each.map(({ times }) => times)).toEqual([
    [100, 200, 300],
    [110, 210, 310],
    [120, 220, 320],
  ]);
  expect(clock.pending).toBe(0);
});

test("who begins anew waits the whole interval from then on", async () => {
  const clock = new VirtualClock();
  const interval = SharedInterval.of(clock, 100);
  const one = waiter(clock, interval);
  interval.add(one);
  await clock.advance(60);
  interval.add(one);
  await clock.advance(99);
  expect(one.times).toEqual([]);
  await clock.advance(1);
  expect(one.times).toEqual([160]);
});

test("one who ends the wait of others while it is called, and one who throws, stop nobody else", async () => {
  const clock = new VirtualClock();
  const interval = SharedInterval.of(clock, 100);
  const ended = waiter(clock, interval);
  const later = waiter(clock, interval);
  const ending: Waiting = { due: 0, elapsed: () => interval.delete(ended) };
  const throwing: Waiting = {
    due: 0,
    elapsed: () => {
      throw new Error("no");
    },
  };
  for (const one of [ending, ended, throwing, later]) interval.add(one);
  await expect(clock.advance(100)).rejects.toThrow("no");
  await clock.advance(0);
  expect([ended.times, later.times]).toEqual([[], [100]]);
  expect(clock.pending).toBe(0);
});

test("is one for all who wait as long by the same clock, and forgotten when nobody does", () => {
  const clock = new VirtualClock();
  const interval = SharedInterval.of(clock, 100);
  expect(SharedInterval.of(clock, 100)).toBe(interval);
  expect(SharedInterval.of(clock, 200)).not.toBe(interval);
  expect(SharedInterval.of(new VirtualClock(), 100)).not.toBe(interval);
  const one = waiter(clock, interval);
  interval.add(one);
  interval.delete(one);
  expect(clock.pending).toBe(0);
  expect(SharedInterval.of(clock, 100)).not.toBe(interval);
});
