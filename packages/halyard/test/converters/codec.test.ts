// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { codec, Frame, InvalidArgumentError } from "../../src/index.ts";

const reversed = codec({
  encode: (text: string) => Uint8Array.from(Buffer.from(text)).reverse(),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).reverse().toString(),
});

test("bytes become a binary frame, and only those are decoded", () => {
  const frame = reversed.serialize("abc");
  expect(frame.type).toBe("binary");
  expect(Buffer.from(frame.data).toString()).toBe("cba");
  expect(reversed.deserialize(frame)).toBe("abc");
  expect(reversed.isApplicable(new Frame.Text("abc"))).toBe(false);
});

test("a string becomes a text frame, and text is decoded where that was said", () => {
  const csv = codec({
    encode: (row: string[]) => row.join(","),
    decode: (line: string) => line.split(","),
    messages: "text",
  });
  const frame = csv.serialize(["a", "b"]);
  expect(frame.type).toBe("text");
  expect(csv.deserialize(frame)).toEqual(["a", "b"]);
  expect(csv.isApplicable(new Frame.Binary(new Uint8Array(1)))).toBe(false);
});

test("an encoder that gives something else is told so", () => {
  const wrong = codec({ encode: () => 7 as never, decode: () => 0 });
  expect(() => wrong.serialize(1)).toThrow(InvalidArgumentError);
  expect(() => wrong.serialize(1)).toThrow(/neither a string nor bytes, but number/);
});

const unusable: [options: unknown, message: RegExp][] = [
  [{}, /codec.encode must be of type function/],
  [{ encode: () => "" }, /codec.decode must be of type function/],
  [
    { encode: () => "", decode: () => 0, messages: "both" },
    /codec.messages is "binary" or "text", not "both"/,
  ],
  [{ encode: () => "", decode: () => 0, type: "text" }, /codec has no option "type"/],
];
test.each(unusable)("an option that cannot be used is refused: %j", (options, message) => {
  expect(() => codec(options as never)).toThrow(message);
});
