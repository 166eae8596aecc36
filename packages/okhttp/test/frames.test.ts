// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { FieldReader, FrameReader, fields, frameOf } from "../src/jvm/frames.ts";

const frames = [
  frameOf(4, 1, "é\u{1F600}"),
  frameOf(5, 2 ** 31 - 1, new Uint8Array(70_000).fill(7)),
  frameOf(7, 3, ""),
];
const whole = Buffer.concat(frames);
const expected = [
  [4, 1, Buffer.from("é\u{1F600}").toString("hex")],
  [5, 2 ** 31 - 1, "07".repeat(70_000)],
  [7, 3, ""],
];

test.each([1, 8, 9, 10, 65_536, whole.length])("frames are found in chunks of %i bytes", (size) => {
  const found: unknown[] = [];
  const reader = new FrameReader((kind, id, payload) => found.push([kind, id, payload.toString("hex")]));
  for (let at = 0; at < whole.length; at += size) reader.add(whole.subarray(at, at + size));
  expect(found).toEqual(expected);
});

test("fields are read as they were written", () => {
  const reader = new FieldReader(Buffer.from(fields(-1, "ü", ["a", ""], 7)));
  expect([reader.number(), reader.text(), reader.texts(), reader.number()]).toEqual([-1, "ü", ["a", ""], 7]);
});
