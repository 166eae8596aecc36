// SPDX-License-Identifier: Apache-2.0
// Our own way to inflate small messages, held against zlib, which is its twin and takes what it leaves.
import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Inflater } from "../../../src/extensions/deflate/node/inflater.ts";
import {
  type NotInflated,
  type SmallInflate,
  sharedInflate,
} from "../../../src/extensions/deflate/node/small-inflate.ts";
import { SlidingWindow } from "../../../src/extensions/deflate/sliding-window.ts";
import { FrameTooBigError, ProtocolViolationError } from "../../../src/protocol/errors.ts";
import { concat, hex } from "../../protocol/support.ts";
import {
  BitWriter,
  blockHeader,
  content,
  document,
  madeByZlib,
  making,
  oddBlock,
  wholeSet,
} from "./deflated.ts";
import { noise, utf8 } from "./support.ts";

const { signal } = new AbortController();
const small = sharedInflate() as SmallInflate;
const byZlib = (): null => null;
const plain = { level: 6, memLevel: 8, strategy: 0, flush: 2, parts: 1 };

/** The message, or how it failed. */
async function outcome(inflater: Inflater, payload: Uint8Array, limit: number): Promise<unknown> {
  try {
    return Buffer.from(await inflater.decode(payload, true, limit)).toString("hex");
  } catch (error) {
    if (error instanceof ProtocolViolationError || error instanceof FrameTooBigError) return error.message;
    throw error;
  }
}

/** Both ways, after the same message, of which a part may be repeated. */
async function bothOutcomes(payload: Uint8Array, before: Uint8Array, windowBits = 15): Promise<unknown[]> {
  return await Promise.all(
    [sharedInflate, byZlib].map(async (way) => {
      const inflater = new Inflater(windowBits, true, signal, way);
      await inflater.decode(madeByZlib(before, new Uint8Array(0), windowBits, plain), true, Infinity);
      return await outcome(inflater, payload, 100_000);
    }),
  );
}

function inflated(
  payload: Uint8Array,
  before: Uint8Array = new Uint8Array(0),
  room = 2 ** 17,
): Uint8Array | NotInflated {
  const window = new SlidingWindow(2 ** 15);
  window.push(before);
  return small.inflate(payload, window, room, false);
}

test("it is there, once for all sessions, and zlib is not asked for what is in order", () => {
  expect(small).not.toBe(null);
  expect(sharedInflate()).toBe(small);
  fc.assert(
    fc.property(content, making, (payload, how) => {
      const wire = madeByZlib(payload, new Uint8Array(0), 15, how);
      if (wire.length <= 16 * 1024) expect(Buffer.compare(inflated(wire) as Uint8Array, payload)).toBe(0);
    }),
    { numRuns: 400 },
  );
});

describe("dozens of messages of sessions that take turns", () => {
  test.each([9, 10, 12, 15])("with windows of %i bits, made by zlib with any setting", async (windowBits) => {
    const step = fc.record({ session: fc.nat(2), payload: content, how: making });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const sessions = Array.from({ length: 3 }, () => ({
          before: new Uint8Array(0),
          inflater: new Inflater(windowBits, true, signal),
        }));
        for (const { session, payload, how } of steps) {
          const of = sessions[session] as (typeof sessions)[number];
          const wire = madeByZlib(payload, of.before, windowBits, how);
          const decoded = await of.inflater.decode(wire, true, payload.length);
          expect(Buffer.compare(decoded, payload)).toBe(0);
          of.before = concat([of.before, payload]).slice(-(2 ** windowBits));
        }
      }),
      { numRuns: 30 },
    );
  });

  test("the window that lies there still is not taken for another's", () => {
    const windows = [1, 2].map((seed) => {
      const window = new SlidingWindow(2 ** 15);
      window.push(noise(40_000, seed));
      return window;
    });
    // "the 10 octets that were 10,000 before", over and over.
    const again = deflateRawSync(noise(40_000, 1).subarray(-10_000, -9_990), {
      dictionary: noise(40_000, 1).subarray(-32_768),
      finishFlush: 2,
    }).subarray(0, -4);
    for (let round = 0; round < 4; round++) {
      const [first, second] = windows.map((window) => small.inflate(again, window, 100, false));
      expect(first).toEqual(noise(40_000, 1).slice(-10_000, -9_990));
      expect(second).toEqual(noise(40_000, 2).slice(-10_000, -9_990));
      // Nor is a window for one that a message has joined.
      expect(small.inflate(again, windows[1] as SlidingWindow, 100, false)).toEqual(second);
    }
    windows[0]?.clear();
    expect(small.inflate(again, windows[0] as SlidingWindow, 100, false)).toBe("unsure");
  });

  test("a message that fails, or that zlib takes, leaves no trace in the next", async () => {
    const inflater = new Inflater(15, true, signal);
    const payload = document(1, 3_000);
    let before = new Uint8Array(0);
    for (let round = 0; round < 60; round++) {
      const message = round % 5 === 0 ? noise(18_000, round) : document(round, 2_000);
      const wire = madeByZlib(message, before, 15, plain);
      expect(Buffer.compare(await inflater.decode(wire, true, 2 ** 20), message)).toBe(0);
      before = concat([before, message]).slice(-32_768);
      const other = new Inflater(15, true, signal);
      expect(() => other.decode(madeByZlib(payload, payload, 15, plain), true, 2 ** 20)).toThrow(
        /too far back/,
      );
    }
  });
});

describe("what is damaged is judged as zlib judges it", () => {
  test("octets changed, cut off or added", async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        content,
        making,
        damage,
        fc.nat(),
        fc.uint8Array(),
        async (payload, how, edits, at, end) => {
          const before = document(3, 5_000);
          const part = payload.subarray(0, 1 + (at % 700));
          const wire = new Uint8Array(madeByZlib(part, before, 15, how));
          for (const [place, byte] of edits) wire[place % wire.length] = byte;
          const cut =
            edits.length > 0 ? wire : concat([wire.subarray(0, at % wire.length), end.subarray(0, at % 9)]);
          const [own, zlib] = await bothOutcomes(cut, before);
          expect(own).toBe(zlib);
        },
      ),
      { numRuns: 800 },
    );
  });

  test("random bits", async () => {
    const type = fc.integer({ min: 0, max: 7 });
    await fc.assert(
      fc.asyncProperty(type, fc.uint8Array({ minLength: 1, maxLength: 300 }), async (header, bytes) => {
        bytes[0] = ((bytes[0] as number) & 0xf8) | header;
        const [own, zlib] = await bothOutcomes(bytes, document(4, 1_000));
        expect(own).toBe(zlib);
      }),
      { numRuns: 1_500 },
    );
  });

  test("sets of codes of any lengths, complete or not, and what they say", async () => {
    const wholes = fc.array(fc.nat(), { maxLength: 60 }).map(wholeSet);
    const set = fc.oneof(
      wholes,
      fc.array(fc.nat(15), { maxLength: 30 }),
      fc.constantFrom([1], [2], [0], [15]),
    );
    const counts = fc.tuple(
      fc.constantFrom(257, 260, 285, 286, 287, 288),
      fc.constantFrom(1, 2, 29, 30, 31, 32),
    );
    await fc.assert(
      fc.asyncProperty(
        set,
        set,
        counts,
        fc.nat(),
        fc.uint8Array(),
        async (first, second, sizes, place, bytes) => {
          const [literals, distances] = sizes;
          const lengths = [
            ...spread(first, literals, place),
            ...Array.from({ length: distances }, (_, at) => second[at] ?? 0),
          ];
          const writer = blockHeader(literals, distances, lengths);
          for (const byte of bytes) writer.number(byte, 8);
          const [own, zlib] = await bothOutcomes(writer.bytes(), document(5, 1_000));
          expect(own).toBe(zlib);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test("blocks of any codes that are in order are inflated here, and as zlib does", () => {
    const places = (maxLength: number): fc.Arbitrary<number[]> =>
      fc.array(fc.nat(), { maxLength, size: "max" });
    const before = noise(32_768);
    fc.assert(
      fc.property(places(200), places(28), places(400), (first, second, random) => {
        const distances = second.length === 0 ? [1] : wholeSet(second);
        const block = oddBlock(wholeSet(first), distances, random).number(0, 3).bytes();
        const end = hex("00 00 ff ff 01 00 00 ff ff");
        const expected = inflateRawSync(concat([block, end]), { dictionary: before });
        expect(Buffer.compare(inflated(block, before) as Uint8Array, expected)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  const ends = Array.from({ length: 256 }, () => 0);
  test.each<[string, Uint8Array, "ok" | "unsure"]>([
    ["a final block", hex("f3 48 cd c9 c9 07 00 00"), "unsure"],
    ["an empty message", hex("00"), "ok"],
    ["a block of the fourth type", hex("06 00"), "unsure"],
    ["length symbol 286", new BitWriter().number(2, 3).code(0xc6, 8).number(0, 30).bytes(), "unsure"],
    [
      "distance symbol 30",
      new BitWriter().number(2, 3).code(1, 7).code(30, 5).number(0, 30).bytes(),
      "unsure",
    ],
    [
      "a distance before all",
      new BitWriter().number(2, 3).code(1, 7).code(0, 5).number(0, 10).bytes(),
      "unsure",
    ],
    [
      "287 literal codes",
      blockHeader(287, 1, [...ends, 1, ...ends.slice(0, 30), 1])
        .number(0, 9)
        .bytes(),
      "unsure",
    ],
    [
      "no end of the block",
      blockHeader(257, 1, [1, 1, ...ends.slice(2), 0, 1])
        .number(0, 9)
        .bytes(),
      "unsure",
    ],
    [
      "a repetition of nothing",
      blockHeader(257, 1, [[16, 0], ...ends.slice(4), 1, 1, 1])
        .code(1, 1)
        .number(0, 3)
        .bytes(),
      "unsure",
    ],
    [
      "a repetition past the end",
      blockHeader(257, 1, [1, ...ends.slice(1), 1, [16, 0]])
        .code(1, 1)
        .number(0, 3)
        .bytes(),
      "unsure",
    ],
    [
      "one distance code of two bits",
      blockHeader(257, 1, [1, ...ends.slice(1), 1, 2])
        .code(1, 1)
        .bytes(),
      "unsure",
    ],
  ])("%s", async (_, payload, expected) => {
    const result = inflated(payload);
    expect(typeof result === "string" ? result : "ok").toBe(expected);
    const [own, zlib] = await bothOutcomes(payload, utf8("before"));
    expect(own).toBe(zlib);
  });

  test("one distance code of one bit, or none, is in order as long as nothing else is used", () => {
    const header = (of: number): BitWriter => blockHeader(258, 1, [1, ...ends.slice(1), 2, 2, of]);
    const block = (of: number, distance: number): Uint8Array =>
      header(of).code(0, 1).code(3, 2).number(distance, 1).code(2, 2).number(0, 3).bytes();
    const end = (of: number): Uint8Array => header(of).code(0, 1).code(2, 2).number(0, 3).bytes();
    expect(inflated(block(1, 0))).toEqual(new Uint8Array(4));
    expect(inflated(block(1, 1))).toBe("unsure");
    expect(inflated(end(0))).toEqual(new Uint8Array(1));
    expect(inflated(block(0, 0))).toBe("unsure");
  });

  test("a distance past the window that was agreed on is for zlib to judge", () => {
    const window = new SlidingWindow(512);
    window.push(noise(600));
    const wire = madeByZlib(concat([noise(600), noise(100, 2), noise(600)]), new Uint8Array(0), 15, plain);
    expect(small.inflate(wire, window, 5_000, false)).toBe("unsure");
  });
});

describe("the room", () => {
  test("is all that comes out, to the octet", () => {
    fc.assert(
      fc.property(content, making, fc.nat(), (payload, how, less) => {
        fc.pre(payload.length > 0);
        const wire = madeByZlib(payload, new Uint8Array(0), 15, how);
        fc.pre(wire.length <= 16 * 1024);
        expect(Buffer.compare(inflated(wire, noise(9), payload.length) as Uint8Array, payload)).toBe(0);
        expect(inflated(wire, noise(9), payload.length - 1)).toBe("full");
        expect(inflated(wire, noise(9), less % payload.length)).toBe("full");
      }),
      { numRuns: 200 },
    );
  });

  test("of 128 KiB behind a full window is there, again and again", () => {
    const window = new SlidingWindow(2 ** 15);
    const payload = new Uint8Array(2 ** 17).fill(3);
    const wire = deflateRawSync(payload, { finishFlush: 2 }).subarray(0, -4);
    for (let round = 0; round < 5; round++) {
      expect(Buffer.compare(small.inflate(wire, window, 2 ** 17, true) as Uint8Array, payload)).toBe(0);
      expect(small.inflate(wire, window, 2 ** 17 - 1, true)).toBe("full");
    }
  });

  test("a limit above it is for a thread, and one below it is passed", async () => {
    const payload = new Uint8Array(2 ** 17 + 1);
    const wire = deflateRawSync(payload, { finishFlush: 2 }).subarray(0, -4);
    const inflater = new Inflater(15, true, signal);
    expect((await inflater.decode(wire, true, 2 ** 20)).length).toBe(payload.length);
    expect(() => inflater.decode(wire, true, 2 ** 17)).toThrow(FrameTooBigError);
    expect(() => inflater.decode(hex("f2 48 cd c9 c9 07 00"), true, 4)).toThrow(FrameTooBigError);
  });
});

describe("where there is no WebAssembly", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test.each([
    ["none", undefined],
    ["one that may not compile", { Module: forbidden, Instance: Object }],
  ])("%s: zlib does it", async (_, api) => {
    vi.resetModules();
    vi.stubGlobal("WebAssembly", api);
    const own = await import("../../../src/extensions/deflate/node/small-inflate.ts");
    const { Inflater: Anew } = await import("../../../src/extensions/deflate/node/inflater.ts");
    expect(own.sharedInflate()).toBe(null);
    const inflater = new Anew(15, true, signal);
    expect(inflater.decode(hex("f2 48 cd c9 c9 07 00"), true, 5)).toEqual(utf8("Hello"));
    expect(inflater.decode(hex("f2 00 11 00 00"), true, 5)).toEqual(utf8("Hello"));
  });
});

function forbidden(): never {
  throw new Error("code may not be made from bytes here");
}

/** The lengths side by side from some place on, but the first at 256, the end of a block. */
function spread(lengths: readonly number[], size: number, place: number): number[] {
  const all = Array.from({ length: size }, () => 0);
  for (const [at, length] of lengths.slice(1).entries()) all[(place + at) % 256] = length;
  all[256] = lengths[0] ?? 0;
  return all;
}
