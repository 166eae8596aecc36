// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  copyOf,
  decodeUtf8,
  encodeAsciiInto,
  encodeUtf8,
  encodeUtf8Into,
  truncateUtf8,
  utf8Length,
  viewOf,
} from "../../src/protocol/bytes.ts";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { anyText, hex, toHex } from "./support.ts";

describe("viewOf", () => {
  const memory = hex("00 01 02 03 04 05 06 07").buffer;
  const shared = new SharedArrayBuffer(2);

  test.each([
    ["an ArrayBuffer", memory, memory, 0, 8],
    ["a SharedArrayBuffer", shared, shared, 0, 2],
    ["a DataView", new DataView(memory, 3, 2), memory, 3, 2],
    ["a typed array with an offset", new Uint16Array(memory, 2, 2), memory, 2, 4],
    ["a Uint8Array with an offset", new Uint8Array(memory, 1, 5), memory, 1, 5],
    ["a Buffer", Buffer.from(memory, 4, 3), memory, 4, 3],
  ])("sees exactly the memory of %s", (_, data, buffer, byteOffset, length) => {
    const view = viewOf(data);
    expect(view).toBeInstanceOf(Uint8Array);
    expect(view.buffer).toBe(buffer);
    expect(view).toMatchObject({ byteOffset, length });
  });

  test.each([[100], ["text"], [[1, 2]], [{ length: 3 }], [null], [undefined], [true]])(
    "refuses %j, which a typed array would make bytes of that nobody wrote (SN-04)",
    (data) => {
      expect(() => viewOf(data as never)).toThrow(InvalidArgumentError);
    },
  );

  test.each([
    [null, "null"],
    [100, "number"],
    ["text", "string"],
  ])("says of %j what it is", (data, kind) => {
    expect(() => viewOf(data as never)).toThrow(`this ${kind} is neither`);
  });
});

test.each([
  ["Uint8Array", hex("00 01 02").subarray(1)],
  ["Buffer", Buffer.from([0, 1, 2]).subarray(1)],
])("copyOf gives a %s memory of its own", (_, bytes) => {
  const copy = copyOf(bytes);
  bytes.fill(0xff);
  expect(toHex(copy)).toBe("01 02");
  expect(copy.constructor).toBe(Uint8Array);
});

describe("text", () => {
  test.each([
    ["a lone high surrogate", "a\ud800b", "61 ef bf bd 62"],
    ["a lone low surrogate at the end", "\udc00", "ef bf bd"],
    ["surrogates in the wrong order", "\udc00\ud800", "ef bf bd ef bf bd"],
    ["a pair", "\u{10ffff}", "f4 8f bf bf"],
  ])("is sent as UTF-8 with U+FFFD for what is none: %s (U8-05)", (_, text, bytes) => {
    expect(toHex(encodeUtf8(text))).toBe(bytes);
  });

  test.each([
    ["a leading BOM", "\ufeffa"],
    ["NUL", "\0a\0"],
    ["noncharacters", "\ufffe\uffff\ufdd0"],
    ["U+10FFFF", "\u{10ffff}"],
  ])("is received unchanged: %s (U8-03)", (_, text) => {
    expect(decodeUtf8(encodeUtf8(text))).toBe(text);
  });

  test.each([
    ["abc", 3, "abc"],
    ["abc", 2, "ab"],
    ["aé", 2, "a"],
    ["a€", 3, "a"],
    ["a\u{1f600}", 4, "a"],
    ["a\u{1f600}", 5, "a\u{1f600}"],
    ["", 0, ""],
  ])("%j is cut to %i bytes between characters", (text, limit, cut) => {
    expect(truncateUtf8(text, limit)).toBe(cut);
  });

  test("is cut to the longest prefix of whole characters that fits", () => {
    fc.assert(
      fc.property(anyText, fc.nat(40), (text, limit) => {
        const fitting = [""];
        for (const character of text) fitting.push(`${fitting.at(-1)}${character}`);
        expect(truncateUtf8(text, limit)).toBe(
          fitting.findLast((prefix) => Buffer.byteLength(prefix) <= limit),
        );
      }),
    );
  });
});

describe("text that is written into memory", () => {
  const edges = [
    "\u007f",
    "\u0080",
    "\u07ff",
    "\u0800",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
  ];
  const texts = ["", "a", ...edges, ...[63, 64, 65, 200].map((length) => "x".repeat(length))].flatMap(
    (each) => [each, `é${each}`, `${each}é`, `${each}\u{1f600}z`],
  );

  test.each(texts)("has the size that was foretold: %j", (text) => {
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
  });

  test.each(texts)("lies where it should, and nothing else is touched: %j", (text) => {
    const bytes = Buffer.from(text);
    const memory = new Uint8Array(5 + 3 * text.length + 2).fill(0xa5);
    expect(encodeUtf8Into(text, memory, 5)).toBe(bytes.length);
    expect(toHex(memory.subarray(5, 5 + bytes.length))).toBe(toHex(bytes));
    expect(toHex(memory.subarray(0, 5))).toBe("a5 a5 a5 a5 a5");
  });

  test.each(texts)("is ASCII, or said not to be, and keeps to its place: %j", (text) => {
    const memory = new Uint8Array(5 + text.length + 2).fill(0xa5);
    const isAscii = encodeAsciiInto(text, memory, 5);
    expect(isAscii).toBe(Buffer.byteLength(text) === text.length);
    if (isAscii) expect(Buffer.from(memory.subarray(5, -2)).toString()).toBe(text);
    expect(toHex(memory.subarray(0, 5))).toBe("a5 a5 a5 a5 a5");
    expect(toHex(memory.subarray(-2))).toBe("a5 a5");
  });
});
