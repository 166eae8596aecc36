// SPDX-License-Identifier: Apache-2.0
// The vectors against what is written out, on whatever lies in their memory from before.
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { applyMask } from "../../src/protocol/masking.ts";
import { WasmBytes } from "../../src/sockets/wasm-bytes.ts";
import { instantiate } from "../../src/wasm/instantiate.ts";
import { anyText, toHex } from "../protocol/support.ts";

const wasm = WasmBytes.get() as WasmBytes;
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function expected(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function decode(bytes: Uint8Array): string | undefined {
  return wasm.decode(bytes, 0, bytes.length);
}

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("decoding by vectors", () => {
  test("knows every character, alone and behind ASCII", () => {
    for (let from = 0; from < 0x110000; from += 0x400) {
      if (from >= 0xd800 && from < 0xe000) continue;
      const points = Array.from({ length: 0x400 }, (_, at) => from + at);
      const text = String.fromCodePoint(...points);
      const spaced = points.map((point) => `${String.fromCodePoint(point)}, then `).join("");
      expect(decode(utf8(text))).toBe(text);
      expect(decode(utf8(spaced))).toBe(spaced);
    }
  });

  test("gives the verdict of a strict decoder on any four bytes", () => {
    // Of each class of bytes its first and last, and one more of those that continue.
    const edges = [
      0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
      0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff,
    ];
    const bytes = new Uint8Array(4);
    for (const a of edges)
      for (const b of edges)
        for (const c of edges)
          for (const d of edges) {
            bytes.set([a, b, c, d]);
            // Comparing by hand: half a million expectations take a minute.
            if (decode(bytes) !== expected(bytes)) expect(toHex(bytes)).toBe("decoded as by TextDecoder");
          }
  });

  test("is that of a strict decoder for text, whole and damaged", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyText, fc.constantFrom("日本語", "ÄÖÜ", "ascii only", "😀")), { maxLength: 60 }),
        fc.option(fc.tuple(fc.nat(), fc.nat(255)), { nil: undefined }),
        fc.nat(3),
        (parts, damage, cut) => {
          let bytes = utf8(parts.join(""));
          if (damage !== undefined && bytes.length > 0) bytes[damage[0] % bytes.length] = damage[1];
          bytes = bytes.subarray(0, Math.max(0, bytes.length - cut));
          expect(decode(bytes)).toBe(expected(bytes));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("does not take what was there before for the rest of a character", () => {
    const whole = utf8("日".repeat(40));
    for (let cut = 0; cut < whole.length; cut++) {
      expect(decode(whole)).toBe("日".repeat(40));
      expect(decode(whole.subarray(0, cut))).toBe(expected(whole.subarray(0, cut)));
    }
  });

  test.each(["a", "ä", "日", "😀"])("cuts large text of %j between characters", (character) => {
    const text = character.repeat(70_000);
    for (let before = 0; before < 5; before++) {
      const shifted = "x".repeat(before) + text;
      expect(decode(utf8(shifted)) === shifted).toBe(true);
    }
  });

  test("refuses large input that is cut inside a character, or nothing but what continues one", () => {
    const text = utf8("日".repeat(60_000));
    expect(decode(text.subarray(0, -1))).toBeUndefined();
    expect(decode(text.subarray(1))).toBeUndefined();
    expect(decode(new Uint8Array(200_000).fill(0x80))).toBeUndefined();
  });

  test("takes a part of the bytes", () => {
    expect(wasm.decode(utf8("日本語 text"), 3, 9)).toBe("本語");
    expect(wasm.decode(utf8("日本語"), 3, 3)).toBe("");
  });
});

describe("masking by vectors", () => {
  test("is that of the loop, at any size, alignment and phase, and touches no other byte", () => {
    const size = fc.oneof(fc.nat(200), fc.integer({ min: 16_300, max: 16_500 }), fc.nat(70_000));
    const key = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(size, fc.nat(9), fc.nat(2 ** 40), key, (length, start, phase, maskingKey) => {
        const bytes = Uint8Array.from({ length: start + length + 70 }, (_, at) => at * 7);
        const wanted = bytes.slice();
        applyMask(wanted, start, start + length, maskingKey, phase);
        wasm.mask(bytes, start, start + length, maskingKey, phase);
        expect(Buffer.compare(bytes, wanted)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe("without WebAssembly", () => {
  const emptyModule = "AGFzbQEAAAA=";

  test("a module is none", () => {
    vi.stubGlobal("WebAssembly", undefined);
    try {
      expect(instantiate(emptyModule)).toBeNull();
    } finally {
      vi.unstubAllGlobals();
    }
    expect(instantiate(emptyModule)).not.toBeNull();
  });

  test("that may compile, a module is none", () => {
    expect(instantiate("AGFzbQIAAAA=")).toBeNull();
  });
});
