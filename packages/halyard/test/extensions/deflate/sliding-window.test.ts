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
          expect([...(window.bytes ?? [])]).toEqual(all.slice(-size));
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
