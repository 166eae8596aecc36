// SPDX-License-Identifier: Apache-2.0
import { isUtf8 as isUtf8OfNode } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isUtf8, Utf8Validator } from "../../src/protocol/utf8.ts";
import { anyCuts, cut } from "./handshake/support.ts";
import { anyText, hex, toHex } from "./support.ts";

/** What the validator says: the place of the first bad byte, "cut" inside a character, or "valid". */
function verdict(chunks: readonly Uint8Array[]): number | "cut" | "valid" {
  const validator = new Utf8Validator();
  let at = 0;
  for (const chunk of chunks) {
    for (const byte of chunk) {
      if (!validator.push(Uint8Array.of(byte))) return at;
      at++;
    }
  }
  return validator.isComplete ? "valid" : "cut";
}

/** Sections 6.5 to 6.23 of Autobahn, which are Markus Kuhn's tests. */
const sections: [string, string, number | "cut" | "valid"][] = [
  [
    "6.2.1",
    "48 65 6c 6c 6f 2d c2 b5 40 c3 9f c3 b6 c3 a4 c3 bc c3 a0 c3 a1 2d 55 54 46 2d 38 21 21",
    "valid",
  ],
  ["6.3.1", "ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64", 12],
  ["6.4.1", "ce ba e1 bd b9 cf 83 ce bc ce b5 f4 90 80 80 65 64 69 74 65 64", 12],
  ["6.6.1", "ce", "cut"],
  ["6.6.2", "ce ba", "valid"],
  ["6.6.3", "ce ba e1", "cut"],
  ["6.6.4", "ce ba e1 bd", "cut"],
  ["6.6.5", "ce ba e1 bd b9", "valid"],
  ["6.6.11", "ce ba e1 bd b9 cf 83 ce bc ce b5", "valid"],
  ["6.7.1", "00", "valid"],
  ["6.7.2", "c2 80", "valid"],
  ["6.7.3", "e0 a0 80", "valid"],
  ["6.7.4", "f0 90 80 80", "valid"],
  ["6.8.1", "f8 88 80 80 80", 0],
  ["6.8.2", "fc 84 80 80 80 80", 0],
  ["6.9.1", "7f", "valid"],
  ["6.9.2", "df bf", "valid"],
  ["6.9.3", "ef bf bf", "valid"],
  ["6.9.4", "f4 8f bf bf", "valid"],
  ["6.10.1", "f7 bf bf bf", 0],
  ["6.10.2", "fb bf bf bf bf", 0],
  ["6.10.3", "fd bf bf bf bf bf", 0],
  ["6.11.1", "ed 9f bf", "valid"],
  ["6.11.2", "ee 80 80", "valid"],
  ["6.11.3", "ef bf bd", "valid"],
  ["6.11.4", "f4 8f bf bf", "valid"],
  ["6.11.5", "f4 90 80 80", 1],
  ["6.12.1", "80", 0],
  ["6.12.2", "bf", 0],
  ["6.12.3", "80 bf", 0],
  ["6.13.1", "c0 20", 0],
  ["6.13.1", "df 20", 1],
  ["6.13.2", "ef 20", 1],
  ["6.13.3", "f4 20", 1],
  ["6.14.1", "c0", 0],
  ["6.14.2", "e0 80", 1],
  ["6.14.3", "f0 80 80", 1],
  ["6.14.6", "df", "cut"],
  ["6.14.7", "ef bf", "cut"],
  ["6.14.8", "f7 bf bf", 0],
  ["6.14.8", "f4 8f bf", "cut"],
  ["6.15.1", "df ef bf", 1],
  ["6.16.1", "fe", 0],
  ["6.16.2", "ff", 0],
  ["6.16.3", "fe fe ff ff", 0],
  ["6.17.1", "c0 af", 0],
  ["6.17.2", "e0 80 af", 1],
  ["6.17.3", "f0 80 80 af", 1],
  ["6.18.1", "c1 bf", 0],
  ["6.18.2", "e0 9f bf", 1],
  ["6.18.3", "f0 8f bf bf", 1],
  ["6.19.1", "c0 80", 0],
  ["6.19.2", "e0 80 80", 1],
  ["6.19.3", "f0 80 80 80", 1],
  ["6.20.1", "ed a0 80", 1],
  ["6.20.7", "ed bf bf", 1],
  ["6.21.1", "ed a0 80 ed b0 80", 1],
  ["6.22.1", "ef bf be", "valid"],
  ["6.22.3", "f0 9f bf be", "valid"],
  ["6.22.34", "f4 8f bf bf", "valid"],
  ["6.23.1", "ef bf b9", "valid"],
];

describe("UTF-8 (RFC 3629; U8-01, U8-03)", () => {
  test.each(sections)("Autobahn %s: %s is %s", (_, bytes, expected) => {
    expect(verdict([hex(bytes)])).toBe(expected);
    expect(isUtf8(hex(bytes))).toBe(expected === "valid");
  });

  test("every sequence of four bytes that stand for all ranges of bytes is judged as Node judges it", () => {
    const borders = hex("00 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff");
    const wrong: string[] = [];
    const bytes = new Uint8Array(4);
    for (bytes[0] of borders) {
      for (bytes[1] of borders) {
        for (bytes[2] of borders) {
          for (bytes[3] of borders) if (isUtf8(bytes) !== isUtf8OfNode(bytes)) wrong.push(toHex(bytes));
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("random and nearly valid bytes", () => {
  const valid = anyText.map((text) => Buffer.from(text));
  const nearlyValid = fc
    .tuple(valid, fc.nat(), fc.nat(2), fc.nat(255))
    .map(([bytes, place, removed, byte]) => {
      const at = place % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, at), Uint8Array.of(byte), bytes.subarray(at + removed)]);
    });
  const bytes = fc.oneof(valid, nearlyValid, fc.uint8Array({ maxLength: 12 }));

  function textDecoderAccepts(input: Uint8Array): boolean {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(input);
      return true;
    } catch {
      return false;
    }
  }

  test("are judged as TextDecoder judges them, under any split", () => {
    fc.assert(
      fc.property(bytes, anyCuts, (input, cuts) => {
        const validator = new Utf8Validator();
        const isValid = cut(input, cuts).every((chunk) => validator.push(chunk)) && validator.isComplete;
        expect(isValid).toBe(textDecoderAccepts(input));
      }),
      { numRuns: 1000 },
    );
  });

  test("fail at the first byte that no continuation could make right (U8-01)", () => {
    const continuations = ["", "80", "80 80", "80 80 80", "a0 80", "90 80 80"].map(hex);
    const canBecomeValid = (prefix: Uint8Array) =>
      continuations.some((continuation) => textDecoderAccepts(Buffer.concat([prefix, continuation])));
    fc.assert(
      fc.property(bytes, (input) => {
        const lengths = [...input.keys()].map((at) => at + 1);
        const firstBad = lengths.findIndex((length) => !canBecomeValid(input.subarray(0, length)));
        const found = verdict([input]);
        expect(typeof found === "number" ? found : -1).toBe(firstBad);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a validator", () => {
  test.each(["e0", "ed", "f0", "f4", "f1 80", "c2"])("in the middle of %s can be forked", (start) => {
    const validator = new Utf8Validator();
    validator.push(hex(start));
    for (const next of ["80", "8f", "90", "9f", "a0", "bf", "41"]) {
      expect(validator.fork().push(hex(next))).toBe(verdict([hex(start), hex(next)]) !== hex(start).length);
    }
    expect(validator.isComplete).toBe(false);
  });

  test.each(["00 00 00 00 00 00 00 80", "80 00 00 00 00 00 00 00", "61 00 00 80 00 00 00 00 00"])(
    "finds a byte that continues nothing among zeros: %s",
    (bytes) => {
      expect(isUtf8(hex(`61 ${bytes}`))).toBe(false);
    },
  );

  test("judges long text as well", () => {
    expect(isUtf8(hex("e2 82 ac ".repeat(100)))).toBe(true);
    expect(isUtf8(hex(`${"e2 82 ac ".repeat(100)}e2 82`))).toBe(false);
  });

  test("judges from a given byte on", () => {
    expect(isUtf8(hex("03 e8 c3 a9"), 2)).toBe(true);
    expect(isUtf8(hex("c3 a9 ff"), 2)).toBe(false);
    expect(isUtf8(hex(""), 2)).toBe(true);
  });
});

describe("a validator that asks the platform about long text", () => {
  const euros = hex("e2 82 ac ".repeat(60));

  /** What it says of two chunks, and what it has asked about. */
  function judge(first: Uint8Array, second: Uint8Array, start = 0): { isValid: boolean; asked: string[] } {
    const asked: string[] = [];
    const validator = new Utf8Validator((bytes) => {
      asked.push(toHex(bytes));
      return isUtf8OfNode(bytes);
    });
    const isValid = validator.push(first) && validator.push(second, start) && validator.isComplete;
    return { isValid, asked };
  }

  test("asks about whole characters, and looks at those at the edges itself", () => {
    const middle = toHex(euros.subarray(3, -3));
    expect(judge(euros.subarray(0, 1), euros.subarray(1))).toEqual({ isValid: true, asked: [middle] });
    expect(judge(euros.subarray(0, 2), euros.subarray(2))).toEqual({ isValid: true, asked: [middle] });
    expect(judge(hex(""), euros)).toEqual({ isValid: true, asked: [toHex(euros.subarray(0, -3))] });
    expect(judge(hex(""), euros.subarray(1), 2)).toEqual({ isValid: true, asked: [middle] });
  });

  test("does not ask about text of less than 128 bytes, wherever that begins", () => {
    expect(judge(hex(""), new Uint8Array(127)).asked).toEqual([]);
    expect(judge(hex(""), new Uint8Array(128)).asked).toHaveLength(1);
    expect(judge(hex(""), new Uint8Array(200), 73).asked).toEqual([]);
    expect(judge(hex(""), new Uint8Array(200), 72).asked).toHaveLength(1);
  });

  // At the beginning, in the middle and at the end, each of which is looked at in another way.
  test.each([
    "80",
    "c3",
    "c3 28",
    "e2 82",
    "e2 28 a1",
    "ed a0 80",
    "f0 9f 98",
    "f4 90 80 80",
    "f8 88 80 80 80",
  ])("finds %s wherever it is", (fault) => {
    const bad = hex(fault);
    const ascii = new Uint8Array(150).fill(0x61);
    for (const text of [ascii, euros]) {
      for (const at of [0, 3, 75, text.length - 3, text.length]) {
        const bytes = Buffer.concat([text.subarray(0, at), bad, text.subarray(at)]);
        expect(judge(hex(""), bytes).isValid).toBe(isUtf8OfNode(bytes));
        expect(judge(hex("c3"), Buffer.concat([hex("a9"), bytes])).isValid).toBe(isUtf8OfNode(bytes));
        expect(judge(hex("f0 9f"), bytes).isValid).toBe(false);
      }
    }
  });

  test("says what one does that reads byte by byte, under any split", () => {
    const character = fc.constantFrom("61", "c3 a9", "e2 82 ac", "f0 9f 98 80", "80", "f0 9f");
    const text = fc.array(fc.oneof({ weight: 30, arbitrary: fc.constant("f0 9f 98 80") }, character), {
      minLength: 30,
      maxLength: 200,
    });
    fc.assert(
      fc.property(text, fc.nat(), (characters, place) => {
        const bytes = hex(characters.join(" "));
        const at = place % (bytes.length + 1);
        expect(judge(bytes.subarray(0, at), bytes.subarray(at)).isValid).toBe(isUtf8OfNode(bytes));
      }),
      { numRuns: 300 },
    );
  });
});
