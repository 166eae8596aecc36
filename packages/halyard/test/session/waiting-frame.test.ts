// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { hasWaited, waiting } from "../../src/session/waiting-frame.ts";

const KiB = 2 ** 10;
const binary = (size: number, byte: number) => new Frame.Binary(new Uint8Array(size).fill(byte));

test("a frame that waits is a copy, whatever else it is", () => {
  const frame = new Frame.Binary(new Uint8Array(100 * KiB).fill(1), { fin: false, rsv2: true });
  const first = waiting(frame);
  frame.data.fill(9);
  expect(first).toMatchObject({ type: "binary", fin: false, rsv2: true, size: 100 * KiB });
  expect(first.data.every((byte) => byte === 1)).toBe(true);
});

test("memory is used again when nobody looks at it any more, and then for one frame", () => {
  const first = waiting(binary(100 * KiB, 1));
  hasWaited(first);
  const [second, third] = [waiting(binary(90 * KiB, 2)), waiting(binary(90 * KiB, 3))];
  expect(second.data.buffer === first.data.buffer).toBe(true);
  expect(third.data.buffer === first.data.buffer).toBe(false);
  expect([second, third].map(({ data }) => [data.length, data[0], data.at(-1)])).toEqual([
    [90 * KiB, 2, 2],
    [90 * KiB, 3, 3],
  ]);
});

test.each<[what: string, first: Frame, second: Frame]>([
  ["more than twice as much as is needed", binary(100 * KiB, 1), binary(40 * KiB, 2)],
  ["less than is needed", binary(100 * KiB, 1), binary(101 * KiB, 2)],
  ["little", binary(60 * KiB, 1), binary(60 * KiB, 2)],
  ["very much", binary(3_000 * KiB, 1), binary(3_000 * KiB, 2)],
  ["of a text", new Frame.Text(new Uint8Array(100 * KiB).fill(0x61)), binary(100 * KiB, 2)],
])("memory is not used again that is %s", (_, first, second) => {
  // Whatever was there before is taken.
  waiting(binary(100 * KiB, 0));
  const before = waiting(first);
  hasWaited(before);
  const after = waiting(second);
  expect(after.data.buffer === before.data.buffer).toBe(false);
  expect(after.data[0]).toBe(2);
});

test("a text that waits stays one", () => {
  hasWaited(waiting(binary(100 * KiB, 1)));
  expect(waiting(new Frame.Text(new Uint8Array(100 * KiB).fill(0x61))).type).toBe("text");
});
