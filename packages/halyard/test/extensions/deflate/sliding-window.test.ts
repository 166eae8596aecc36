// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, test } from "vitest";
import { SlidingWindow } from "../../../src/extensions/deflate/sliding-window.ts";

test("it holds the last bytes of all that was pushed, whatever the pieces", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 20 }),
      (size, pieces) => {
        const window = new SlidingWindow(size);
        const all: number[] = [];
        for (const piece of pieces) {
          window.push(piece);
          all.push(...piece);
          const expected = all.slice(-size);
          expect([...(window.bytes ?? [])]).toEqual(expected);
          expect(window.length).toBe(expected.length);
          for (const count of [1, size >> 1, size]) {
            const last = count === 0 ? [] : expected.slice(-count);
            expect([...(window.last(count) ?? [])]).toEqual(last);
            const target = new Uint8Array(size);
            expect(window.copyLast(count, target)).toBe(last.length);
            expect([...target.subarray(0, last.length)]).toEqual(last);
          }
        }
        window.clear();
        expect(window.bytes).toBe(undefined);
      },
    ),
  );
});

test("it takes memory for what it holds, and never more than its size", () => {
  const window = new SlidingWindow(32_768);
  const memory = () => window.bytes?.buffer.byteLength ?? 0;
  window.push(new Uint8Array(100));
  expect(memory()).toBe(100);
  window.push(new Uint8Array(1));
  expect(memory()).toBe(200);
  for (let pushed = 0; pushed < 100_000; pushed += 700) window.push(new Uint8Array(700));
  expect(memory()).toBe(32_768);
});

test("its state changes with what is in it, and no other window has it", () => {
  const windows = [new SlidingWindow(4), new SlidingWindow(4)];
  const states = new Set<number>();
  for (let round = 0; round < 4; round++) {
    for (const window of windows) {
      window.push(Uint8Array.of(1));
      states.add(window.state);
      window.push(new Uint8Array(0));
      states.add(window.state);
    }
  }
  expect(states.size).toBe(8);
  for (const window of windows) window.clear();
  expect(windows.map(({ state, length }) => [state, length])).toEqual([
    [0, 0],
    [0, 0],
  ]);
});
