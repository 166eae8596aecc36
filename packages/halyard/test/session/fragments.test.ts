// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { areParts } from "../../src/session/content.ts";
import { Fragments } from "../../src/session/fragments.ts";
import { show } from "./pipe-transport.ts";

/** The fragments of all parts, a line each. */
function fragmentsOf(...parts: (string | Uint8Array)[]): string[] {
  const fragments = new Fragments();
  const frames = parts.map((part) => fragments.next(part));
  const end = fragments.end();
  expect(
    frames.every((frame) => !frame.fin),
    "only the last ends the message",
  ).toBe(true);
  if (end !== null) expect(end.fin).toBe(true);
  return [...frames, ...(end === null ? [] : [end])].map(show);
}

describe("text", () => {
  test.each(["\u{10000}", "\u{10ffff}"])("a cut character is carried to the next part: %j", (character) => {
    const [high, low] = [character.slice(0, 1), character.slice(1)];
    expect(fragmentsOf(`a${high}`, `${low}b`)).toEqual(["text a ...", `text ${character}b ...`, "text "]);
  });

  test("each part is a fragment, and the last one is empty", () => {
    expect(fragmentsOf("one", "", "zwei ä")).toEqual([
      "text one ...",
      "text  ...",
      "text zwei ä ...",
      "text ",
    ]);
  });

  test.each([
    ["over two parts", ["a\ud83d", "\ude00b"], "a| 😀b|"],
    ["over three, the one in the middle empty", ["\ud83d", "", "\ude00"], "||😀|"],
    ["in each of two parts", ["\ud83d", "\ude00\ud83d", "\ude01"], "|😀|😁|"],
    ["whose second half never comes", ["a\ud83d"], "a|\ufffd"],
    ["whose second half is another character", ["\ud83d", "b"], "|\ufffdb|"],
    ["whose second half comes first", ["\ude00", "\ud83d"], "\ufffd||\ufffd"],
  ])("a character %s", (_, parts, expected) => {
    const fragments = new Fragments();
    const frames = [...parts.map((part) => fragments.next(part)), fragments.end()];
    const texts = frames.map((frame) => Buffer.from(frame?.data ?? []).toString());
    expect(texts.join("|")).toBe(expected.replaceAll(" ", ""));
  });

  test("however it is cut, it is the same text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })),
        (parts) => {
          const fragments = new Fragments();
          const frames = [...parts.map((part) => fragments.next(part)), fragments.end()];
          const bytes = Buffer.concat(frames.map((frame) => frame?.data ?? new Uint8Array(0)));
          expect(bytes.equals(Buffer.from(parts.join("")))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("bytes", () => {
  test("each part is a fragment, and the last one is empty", () => {
    const bytes = (size: number) => new Uint8Array(size);
    expect(fragmentsOf(bytes(3), bytes(0), bytes(1))).toEqual([
      "binary 3",
      "binary 0",
      "binary 1",
      "binary 0",
    ]);
  });

  test("may be any buffer or view", () => {
    const fragments = new Fragments();
    const memory = Uint8Array.of(1, 2, 3, 4);
    const shared = new SharedArrayBuffer(2);
    const all = [
      memory.subarray(1, 3),
      memory.buffer,
      new DataView(memory.buffer, 1, 2),
      shared,
      Buffer.from("x"),
    ];
    expect(all.map((part) => [...fragments.next(part).data])).toEqual([
      [2, 3],
      [1, 2, 3, 4],
      [2, 3],
      [0, 0],
      [120],
    ]);
  });
});

test("without parts there is no message", () => {
  expect(new Fragments().end()).toBeNull();
});

describe("what is no part", () => {
  const bytes = new Uint8Array(1);
  test.each([
    ["bytes after text", ["a"], bytes],
    ["text after bytes", [bytes], "a"],
    ["a number", [], 1],
    ["null", [], null],
    ["undefined", ["a"], undefined],
    ["a frame", [], new Frame.Text("a")],
    ["a frame after bytes", [bytes], new Frame.Binary(bytes)],
    ["a promise", ["a"], Promise.resolve("b")],
    ["an array of numbers", [], [1, 2]],
    ["a String object", [], Object("a")],
  ] as const)("%s", (_, before, part) => {
    const fragments = new Fragments();
    for (const good of before) fragments.next(good);
    expect(() => fragments.next(part as string)).toThrow(InvalidArgumentError);
    expect(() => fragments.next(part as string)).toThrow("strings only, or buffers and views only");
  });
});

test.each([
  ["a string", "a", false],
  ["bytes", new Uint8Array(1), false],
  ["a frame", new Frame.Text("a"), false],
  ["null", null, false],
  ["an array", ["a"], false],
  ["something else under the name of the iterator", { [Symbol.asyncIterator]: 1 }, false],
  ["an async iterable", { [Symbol.asyncIterator]: (): unknown => null }, true],
  ["a stream of the platform", new ReadableStream(), true],
])("whether %s is a message in parts", (_, content, expected) => {
  expect(areParts(content)).toBe(expected);
});
