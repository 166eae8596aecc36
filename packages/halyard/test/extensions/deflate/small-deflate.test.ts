// SPDX-License-Identifier: Apache-2.0
// Our own way to deflate small messages: anyone can inflate them, they are as small as zlib's, and each depends on nothing
// but itself and its own session.
import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Deflater } from "../../../src/extensions/deflate/node/deflater.ts";
import { Inflater } from "../../../src/extensions/deflate/node/inflater.ts";
import { type SmallDeflate, sharedDeflate } from "../../../src/extensions/deflate/node/small-deflate.ts";
import { SlidingWindow } from "../../../src/extensions/deflate/sliding-window.ts";
import { concat, hex, toHex } from "../../protocol/support.ts";
import { content, document } from "./deflated.ts";
import { inflateWithin } from "./inflate-reference.ts";
import { noise, utf8 } from "./support.ts";

const { signal } = new AbortController();
const small = sharedDeflate() as SmallDeflate;
const normal = { level: 6, memLevel: 8 };
const near = 8 * 1024;
const finalBlock = hex("01 00 00 ff ff");
const payloads = content.map((bytes) => bytes.subarray(0, 4096));

const deepLengths =
  "c9c9c9c96c9c9bc9c86c9c9c5cbc9c9c9c7c9c9c9c9c9c9c9cbc9ca86c9c9c9c6c9c6c9cbc6c98c9c1c6c69c6c9cac6" +
  "c96ca6c9cac9cacac6c6c9c9ca9c6cac6c9cac6c9c6cac9cacac69c6ac9c6c9caccccccccccccccccccccccccccccc";

function deflated(payload: Uint8Array, window = new SlidingWindow(2 ** 15)): Uint8Array {
  return small.deflate(payload, window, near, false).slice();
}

/** The type of its first block (RFC 1951 section 3.2.3). */
function typeOf(deflated: Uint8Array): number {
  return ((deflated[0] as number) >> 1) & 3;
}

test("it is there, once for all sessions", () => {
  expect(small).not.toBe(null);
  expect(sharedDeflate()).toBe(small);
});

describe("dozens of messages of sessions that take turns", () => {
  test.each([8, 9, 11, 15])("with windows of %i bits, inflated by zlib, by us, and to the letter", (bits) => {
    const step = fc.record({ session: fc.nat(2), payload: payloads, fin: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.boolean(), (steps, keepsContext) => {
        const sessions = Array.from({ length: 3 }, () => ({
          deflater: new Deflater(normal, bits, keepsContext, signal),
          // Which has no one to take turns with.
          inflater: new Inflater(bits, keepsContext, signal),
          before: new Uint8Array(0),
          chunks: [] as Uint8Array[],
          wire: [] as Uint8Array[],
          whole: [] as Uint8Array[],
        }));
        for (const { session, payload, fin } of steps) {
          const of = sessions[session] as (typeof sessions)[number];
          const made = of.deflater.encode(payload, fin) as Uint8Array;
          expect(made.length).toBeLessThanOrEqual(payload.length + 10);
          if (made.length === 0) continue;
          of.chunks.push(payload);
          of.wire.push(made);
          if (!fin) continue;
          const message = concat(of.chunks.splice(0));
          const wire = concat(of.wire.splice(0));
          const dictionary = of.before.length > 0 ? { dictionary: of.before } : {};
          const data = concat([wire, hex("00 00 ff ff")]);
          expect(Buffer.compare(inflateRawSync(concat([data, finalBlock]), dictionary), message)).toBe(0);
          if (wire.length < 16_000) {
            const own = of.inflater.decode(wire, true, Infinity);
            if (own instanceof Uint8Array) expect(Buffer.compare(own, message)).toBe(0);
          }
          if (keepsContext) of.before = concat([of.before, message]).slice(-(2 ** bits));
          of.whole.push(data);
          if (!keepsContext) expect(Buffer.compare(inflateWithin(2 ** bits, data), message)).toBe(0);
        }
        if (keepsContext) for (const { whole } of sessions) inflateWithin(2 ** bits, concat(whole));
      }),
      { numRuns: 25 },
    );
  });

  test("what others send changes no octet, nor does how long it all goes on", () => {
    const run = (sessions: number): string[] => {
      const deflaters = Array.from({ length: sessions }, () => new Deflater(normal, 15, true, signal));
      return Array.from({ length: 120 }, (_, at) => {
        const made = deflaters.map((deflater, index) => deflater.encode(document(at * 3 + index, 900), true));
        return toHex(made[0] as Uint8Array);
      });
    };
    const alone = run(1);
    expect(run(3)).toEqual(alone);
    expect(run(1)).toEqual(alone);
  });

  test.each([1, 2, 3, 4])("a repetition may begin %i octets before the end of a message", (octets) => {
    const deflater = new Deflater(normal, 15, true, signal);
    const [first, second] = [noise(30, 1), noise(30, 2)];
    for (const message of [first, second]) expect(deflater.encode(message, true)).toBeInstanceOf(Uint8Array);
    const payload = concat([first.subarray(-octets), second]);
    // A block of one repetition: its type takes 3 bits, the length 10 at most, the distance 9, the end 7, the flush 3.
    expect((deflater.encode(payload, true) as Uint8Array).length).toBeLessThanOrEqual(4);
  });

  test("a message that zlib takes, and one that joins no context, are followed rightly", async () => {
    const deflater = new Deflater(normal, 15, true, signal);
    const inflater = new Inflater(15, true, signal, () => null);
    const other = new Deflater(normal, 15, false, signal);
    for (let round = 0; round < 40; round++) {
      const message = document(round, round % 4 === 0 ? 6_000 : round % 7 === 0 ? 40_000 : 700);
      const wire = (await deflater.encode(message, true)) as Uint8Array;
      expect(Buffer.compare(await inflater.decode(wire, true, 2 ** 20), message)).toBe(0);
      expect(other.encode(document(1, 500), true)).toEqual(
        new Deflater(normal, 15, false, signal).encode(document(1, 500), true),
      );
    }
  });
});

describe("the size", () => {
  const documents = Array.from({ length: 100 }, (_, at) => document(at, 1_024));
  const sizeOf = (made: readonly Uint8Array[]): number => made.reduce((sum, { length }) => sum + length, 0);

  test.each([true, false])(
    "of JSON of 1 KiB is that of zlib within 3 %% (context takeover: %s)",
    (takeover) => {
      const [own, zlib] = [sharedDeflate, () => null].map((way) => {
        const deflater = new Deflater(normal, 15, takeover, signal, way);
        return sizeOf(documents.map((payload) => deflater.encode(payload, true) as Uint8Array));
      });
      expect(own as number).toBeLessThan((zlib as number) * 1.03);
    },
  );

  test("of anything else is not much more either", () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const zlib = deflateRawSync(payload, { finishFlush: 2 });
        expect(deflated(payload).length).toBeLessThanOrEqual(zlib.length * 1.1 + 4);
      }),
      { numRuns: 500 },
    );
  });

  test("is that of the best kind of block", () => {
    expect(toHex(deflated(new Uint8Array(0)))).toBe("00 00 00 ff ff");
    expect(toHex(deflated(utf8("Hello")))).toBe("f2 48 cd c9 c9 07 00 00 00 ff ff");
    expect(
      [noise(900), utf8("Hello"), document(1, 2_000)].map((payload) => typeOf(deflated(payload))),
    ).toEqual([0, 1, 2]);
    expect(deflated(noise(900)).length).toBe(900 + 5 + 5);
    expect(deflated(new Uint8Array(4096)).length).toBeLessThanOrEqual(25);
  });
});

describe("codes", () => {
  /** Nothing can be repeated, so that each octet has the use it has. */
  const inLiterals = (payload: Uint8Array): Uint8Array => deflated(payload, new SlidingWindow(0));

  test("of very uneven use have no more than 15 bits", () => {
    // With the end of the block, each is used as often as the two before it together: the deepest tree that there can be.
    const uses = [1, 2];
    while (uses.length < 15) uses.push((uses.at(-1) as number) + (uses.at(-2) as number));
    const payload = concat(uses.map((use, symbol) => new Uint8Array(use).fill(symbol)));
    expect(payload.length).toBe(2582);
    const wire = inLiterals(payload);
    expect(typeOf(wire)).toBe(2);
    expect(Buffer.compare(inflateRawSync(concat([wire, finalBlock])), payload)).toBe(0);
  });

  test("of any use can be read", () => {
    const uses = fc.array(fc.tuple(fc.nat(255), fc.nat(9)), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(uses, (pairs) => {
        const runs = pairs.map(([symbol, use]) => new Uint8Array(1 << use).fill(symbol));
        const payload = concat(runs).subarray(0, 4096);
        const wire = inLiterals(payload);
        expect(Buffer.compare(inflateRawSync(concat([wire, finalBlock])), payload)).toBe(0);
        const zlib = deflateRawSync(payload, { finishFlush: 2, strategy: 2 });
        expect(wire.length).toBeLessThanOrEqual(zlib.length + 2);
      }),
      { numRuns: 500 },
    );
  });

  test("whose lengths are used very unevenly are described with no more than 7 bits each", () => {
    // How many bits each gets: a digit each. Found by trying, since the tree of these lengths has to be 8 deep.
    const lengths = Array.from(deepLengths);
    const uses = lengths.map((length) => 2 ** (12 - Number.parseInt(length, 16)));
    const payload = concat(uses.map((use, at) => new Uint8Array(use).fill(256 - uses.length + at)));
    const wire = inLiterals(payload);
    expect(typeOf(wire)).toBe(2);
    expect(Buffer.compare(inflateRawSync(concat([wire, finalBlock])), payload)).toBe(0);
  });

  test.each([1, 2, 3, 20, 250])("for the only distance of a block, %i, can be read", (distance) => {
    const payload = noise(340, 8).map((byte) => byte & 31);
    for (let at = 300; at < 340; at++) payload[at] = payload[at - distance] as number;
    const wire = deflated(payload);
    expect(typeOf(wire)).toBe(2);
    expect(Buffer.compare(inflateRawSync(concat([wire, finalBlock])), payload)).toBe(0);
  });

  test("that are equally long take little to be described", () => {
    for (const symbols of [16, 64, 128]) {
      const payload = noise(4_000).map((byte) => byte % symbols);
      const zlib = deflateRawSync(payload, { finishFlush: 2, strategy: 2 });
      expect(inLiterals(payload).length).toBeLessThanOrEqual(zlib.length + 2);
    }
  });

  test("for all lengths and distances are right", () => {
    const before = noise(9_000, 5);
    const window = new SlidingWindow(2 ** 15);
    window.push(before);
    for (let length = 4; length <= 300; length++) {
      for (const distance of [1, 3, 6, 97 + length, 3_000 + length * 17]) {
        const payload = new Uint8Array(length);
        for (let at = 0; at < length; at++) {
          payload[at] = (at < distance ? before[9_000 - distance + at] : payload[at - distance]) as number;
        }
        const wire = deflated(payload, window);
        const back = inflateRawSync(concat([wire, finalBlock]), { dictionary: before });
        expect(Buffer.compare(back, payload)).toBe(0);
        expect(wire.length).toBeLessThan(16);
      }
    }
  });
});

describe("zlib does it", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test.each([
    { level: 9, memLevel: 8 },
    { level: 1, memLevel: 8 },
    { level: 6, memLevel: 9 },
  ])("with %o, which was asked for", (options) => {
    const payload = document(1, 3_000);
    const expected = deflateRawSync(payload, { ...options, finishFlush: 2 }).subarray(0, -4);
    expect(toHex(new Deflater(options, 15, true, signal).encode(payload, true) as Uint8Array)).toBe(
      toHex(expected),
    );
  });

  test("where there is no WebAssembly", async () => {
    vi.resetModules();
    vi.stubGlobal("WebAssembly", undefined);
    const { Deflater: Anew } = await import("../../../src/extensions/deflate/node/deflater.ts");
    const deflater = new Anew(normal, 15, true, signal);
    expect(deflater.encode(utf8("Hello"), true)).toEqual(hex("f2 48 cd c9 c9 07 00"));
    expect(deflater.encode(utf8("Hello"), true)).toEqual(hex("f2 00 11 00 00"));
  });
});
