// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyMask, MaskingKeys } from "../../src/protocol/masking.ts";
import { hex, KEY, toHex, xor } from "./support.ts";

describe("a mask (RFC 6455 section 5.3)", () => {
  test('makes "Hello" what section 5.7 shows', () => {
    const payload = hex("48 65 6c 6c 6f");
    applyMask(payload, 0, 5, KEY);
    expect(toHex(payload)).toBe("7f 9f 4d 51 58");
  });

  // Sizes on both sides of the one from which whole words are masked, at any alignment.
  const size = fc.oneof(fc.nat(20), fc.integer({ min: 60, max: 70 }), fc.integer({ min: 100, max: 400 }));
  const key = fc.uint8Array({ minLength: 4, maxLength: 4 });

  test("is that of a byte-wise reference at any alignment, offset and phase, and touches no other byte", () => {
    fc.assert(
      fc.property(
        size,
        fc.nat(9),
        fc.nat(9),
        fc.nat(2 ** 40),
        key,
        (length, before, start, phase, maskingKey) => {
          const memory = Uint8Array.from({ length: before + start + length + 5 }, (_, at) => at * 7);
          const bytes = memory.subarray(before);
          const expected = memory.slice();
          expected.set(xor(bytes.subarray(start, start + length), maskingKey, phase), before + start);
          applyMask(bytes, start, start + length, maskingKey, phase);
          expect(toHex(memory)).toBe(toHex(expected));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("taken twice, and in two parts, is no change", () => {
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(7), key, (length, place, start, maskingKey) => {
        const bytes = Uint8Array.from({ length: start + length }, (_, at) => at * 31);
        const original = bytes.slice();
        const middle = start + (place % (length + 1));
        applyMask(bytes, start, bytes.length, maskingKey);
        applyMask(bytes, start, middle, maskingKey);
        applyMask(bytes, middle, bytes.length, maskingKey, middle - start);
        expect(toHex(bytes)).toBe(toHex(original));
      }),
      { numRuns: 300 },
    );
  });

  test("leaves the key as it is", () => {
    const maskingKey = hex("01 02 03 04");
    applyMask(new Uint8Array(200), 3, 200, maskingKey, 1);
    expect(toHex(maskingKey)).toBe("01 02 03 04");
  });
});

describe("masking keys", () => {
  test("are the bytes of the random source, each used once (RFC 6455 section 10.3, SN-01)", () => {
    let drawn = 0;
    const keys = new MaskingKeys((target) => {
      const words = new DataView(target.buffer, target.byteOffset, target.byteLength);
      for (let at = 0; at < target.length; at += 4) words.setUint32(at, drawn++);
    });
    for (let count = 0; count < 5000; count++) {
      expect(toHex(keys.next())).toBe(toHex(hex(count.toString(16).padStart(8, "0"))));
    }
  });

  test("are not drawn before they are needed, and many in one call", () => {
    let calls = 0;
    const keys = new MaskingKeys(() => calls++);
    expect(calls).toBe(0);
    for (let count = 0; count < 1024; count++) keys.next();
    expect(calls).toBe(1);
    keys.next();
    expect(calls).toBe(2);
  });

  test("are none while the random source fails", () => {
    let isBroken = true;
    const keys = new MaskingKeys((target) => {
      if (isBroken) throw new Error("no entropy");
      target.fill(7);
    });
    expect(() => keys.next()).toThrow("no entropy");
    expect(() => keys.next()).toThrow("no entropy");
    isBroken = false;
    expect(toHex(keys.next())).toBe("07 07 07 07");
  });
});
