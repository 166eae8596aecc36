// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameEncoder } from "../../src/protocol/frame-encoder.ts";
import { plainKernel } from "../../src/protocol/kernel.ts";
import { MaskingKeys } from "../../src/protocol/masking.ts";
import { anyText, concat, fixedKeys, frame, hex, split, toHex } from "./support.ts";

const slabBytes = 256 * 1024;
/** Frames up to this size lie in one slab. */
const largestInSlab = slabBytes / 4;

function encoded(encoder: FrameEncoder, firstByte: number, payload: Uint8Array): string {
  encoder.encode(firstByte, payload);
  return toHex(concat(encoder.take()));
}

/** Fills the slab in use until it has so many free bytes. */
function leaveFree(encoder: FrameEncoder, free: number): void {
  const most = 60_000;
  for (let size = Infinity; size > most; ) {
    encoder.encode(0x82, new Uint8Array(0));
    const [{ buffer, byteOffset, length }] = encoder.take() as [Uint8Array];
    const left = buffer.byteLength - byteOffset - length - free - 4;
    // For too little a header of four bytes would be too long: on to the next slab.
    size = left < 126 ? Infinity : left;
    encoder.encode(0x82, new Uint8Array(Math.min(size, most)));
    encoder.take();
  }
}

/** What waits, without masks, in hex. */
function writtenBy(encoder: FrameEncoder): string[] {
  return split(concat(encoder.take())).map((each) => toHex(each.frame));
}

describe("a frame", () => {
  test("of a server has no mask (RFC 6455 sections 5.1 and 5.7)", () => {
    expect(encoded(new FrameEncoder(null), 0x81, hex("48 65 6c 6c 6f"))).toBe("81 05 48 65 6c 6c 6f");
  });

  test("of a client is masked (RFC 6455 sections 5.3 and 5.7)", () => {
    const encoder = new FrameEncoder(fixedKeys());
    expect(encoded(encoder, 0x81, hex("48 65 6c 6c 6f"))).toBe("81 85 37 fa 21 3d 7f 9f 4d 51 58");
    expect(encoded(encoder, 0x89, hex(""))).toBe("89 80 37 fa 21 3d");
  });

  test.each([
    [0, "82 00", "82 80"],
    [125, "82 7d", "82 fd"],
    [126, "82 7e 00 7e", "82 fe 00 7e"],
    [65535, "82 7e ff ff", "82 fe ff ff"],
    [65536, "82 7f 00 00 00 00 00 01 00 00", "82 ff 00 00 00 00 00 01 00 00"],
    [0x1234567, "82 7f 00 00 00 00 01 23 45 67", "82 ff 00 00 00 00 01 23 45 67"],
  ])("of %i bytes has the shortest length (RFC 6455 section 5.2)", (length, plain, masked) => {
    for (const [keys, header] of [
      [null, plain],
      [fixedKeys(), masked],
    ] as const) {
      const encoder = new FrameEncoder(keys);
      encoder.encode(0x82, new Uint8Array(length));
      expect(encoder.bytes).toBe(hex(header).length + (keys === null ? 0 : 4) + length);
      expect(toHex(concat(encoder.take()).subarray(0, hex(header).length))).toBe(header);
    }
  });

  test.each([3, 1000, 70_000])(
    "of %i bytes is a copy, and the caller's memory stays as it is (SN-02)",
    (size) => {
      const encoder = new FrameEncoder(fixedKeys());
      const payload = new Uint8Array(size).fill(0x61);
      encoder.encode(0x82, payload);
      expect(payload.every((byte) => byte === 0x61)).toBe(true);
      payload.fill(0xa5);
      expect(writtenBy(encoder)).toEqual([toHex(frame(0x82, payload.fill(0x61)))]);
    },
  );

  test("has a key of its own (RFC 6455 section 10.3, SN-01)", () => {
    let drawn = 0;
    const encoder = new FrameEncoder(new MaskingKeys((target) => target.set(target.map(() => drawn++))));
    for (let count = 0; count < 50; count++) encoder.encode(0x82, hex("61"));
    const keys = split(concat(encoder.take())).map(({ key }) => toHex(key as Uint8Array));
    expect(new Set(keys).size).toBe(50);
  });
});

describe("frames", () => {
  const sizes = fc.array(
    fc.oneof(
      fc.nat(300),
      fc.constantFrom(125, 126, largestInSlab - 14, largestInSlab, 65535, 65536, slabBytes, 700_000),
      fc.nat(20_000),
    ),
    { maxLength: 12 },
  );

  test.each([
    ["a server", null],
    ["a client", fixedKeys()],
  ])("of %s are their payloads and nothing else, whatever their sizes (SN-03)", (_, keys) => {
    fc.assert(
      fc.property(sizes, fc.nat(255), (lengths, seed) => {
        const frames = lengths.map((length, at) => frame(0x82, new Uint8Array(length).fill(seed + at)));
        const encoder = new FrameEncoder(keys);
        for (const [at, length] of lengths.entries())
          encoder.encode(0x82, new Uint8Array(length).fill(seed + at));
        expect(encoder.frames).toBe(frames.length);
        const chunks = encoder.take();
        expect(Buffer.compare(concat(split(concat(chunks)).map((each) => each.frame)), concat(frames))).toBe(
          0,
        );
        expect(split(concat(chunks)).every(({ key }) => (key === null) === (keys === null))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("that lie side by side leave as one chunk", () => {
    const encoder = new FrameEncoder(null);
    // A slab may end between two frames, but not twice.
    const counts = [1, 2, 3].map(() => {
      for (let count = 0; count < 100; count++) encoder.encode(0x82, hex("61 62"));
      return encoder.take().length;
    });
    expect(counts.filter((count) => count === 1).length).toBeGreaterThanOrEqual(2);
  });

  test("that lie in different memory stay apart, also when the end of one is where the other begins", () => {
    const [first, second] = [new FrameEncoder(null), new FrameEncoder(null)];
    /** Encodes a frame of so many bytes and tells where it ends. */
    const endOf = (bytes: number): number => {
      second.encode(0x82, new Uint8Array(bytes - 4));
      const [chunk] = second.take() as [Uint8Array];
      return chunk.byteOffset + chunk.length;
    };
    let end = endOf(60_000);
    while (end > 60_000) end = endOf(60_000);
    first.encode(0x82, new Uint8Array(996));
    // The end of that, in this slab and then in the next one.
    let next = endOf(61_000);
    while (next > 61_000) next = endOf(61_000);
    first.encode(0x82, hex("61"));
    expect(first.take().map((chunk) => chunk.length)).toEqual([1000, 3]);
  });

  test("of two encoders keep their order and never share bytes", () => {
    const encoders = [new FrameEncoder(null), new FrameEncoder(null)] as const;
    for (let count = 0; count < 3; count++) {
      for (const [at, encoder] of encoders.entries()) encoder.encode(0x82, Uint8Array.of(at, count));
    }
    expect(encoders.map((encoder) => toHex(concat(encoder.take())))).toEqual([
      "82 02 00 00 82 02 00 01 82 02 00 02",
      "82 02 01 00 82 02 01 01 82 02 01 02",
    ]);
  });

  test("that were taken are not written to again (SN-03)", () => {
    const encoder = new FrameEncoder(null);
    const payloads = Array.from({ length: 300 }, (_, count) => new Uint8Array(1000).fill(count));
    const taken = payloads.flatMap((payload) => {
      encoder.encode(0x82, payload);
      return encoder.take();
    });
    expect(taken.map(toHex)).toEqual(payloads.map((payload) => toHex(frame(0x82, payload))));
  });

  test("that are larger than a slab go on in others, which are used again", () => {
    const encoder = new FrameEncoder(fixedKeys());
    const payload = Uint8Array.from({ length: 1_000_000 }, (_, at) => at * 7);
    const memory = new Set<ArrayBufferLike>();
    for (let round = 0; round < 10; round++) {
      encoder.encode(0x82, payload);
      const chunks = encoder.take();
      for (const { buffer } of chunks) memory.add(buffer);
      expect(new Set(chunks.map(({ buffer }) => buffer.byteLength))).toEqual(new Set([slabBytes]));
      const whole = concat(split(concat(chunks)).map((each) => each.frame));
      expect(Buffer.compare(whole, frame(0x82, payload))).toBe(0);
      encoder.release();
    }
    expect(memory.size).toBeLessThanOrEqual(16);
  });

  test("that cannot be made leave nothing behind", () => {
    let calls = 0;
    const encoder = new FrameEncoder(fixedKeys(), {
      ...plainKernel,
      mask: (...masked) => {
        if (++calls === 3) throw new RangeError("no memory");
        plainKernel.mask(...masked);
      },
    });
    encoder.encode(0x82, hex("61"));
    expect(() => encoder.encode(0x82, new Uint8Array(600_000))).toThrow("no memory");
    expect(encoder).toMatchObject({ frames: 1, dataFrames: 1, bytes: 7 });
    encoder.encode(0x82, hex("62"));
    expect(writtenBy(encoder)).toEqual(["82 01 61", "82 01 62"]);
  });

  test("lie in memory that is used again when all of it is known to be written, and not before", () => {
    const [first, second] = [new FrameEncoder(null), new FrameEncoder(null)];
    const fill = (encoder: FrameEncoder, byte: number): Uint8Array[] => {
      for (let count = 0; count < 5; count++) encoder.encode(0x82, new Uint8Array(60_000).fill(byte));
      return encoder.take();
    };
    const memory = (chunks: readonly Uint8Array[]) => new Set(chunks.map(({ buffer }) => buffer));
    const kept = fill(first, 1);
    const content = concat(kept);
    for (let round = 0; round < 5; round++) {
      fill(second, 2);
      second.release();
    }
    expect(Buffer.compare(concat(kept), content), "what one connection has not written").toBe(0);
    const own = memory(fill(second, 3));
    second.release();
    expect([...memory(fill(second, 4))].filter((each) => !own.has(each))).toEqual([]);
  });

  test.each(Array.from({ length: 20 }, (_, at) => 295 + at))(
    "of text of 300 bytes are whole where a slab has %i left",
    (free) => {
      const encoder = new FrameEncoder(null);
      leaveFree(encoder, free);
      encoder.encodeText(0x81, "€".repeat(100));
      expect(concat(encoder.take())).toEqual(frame(0x81, new TextEncoder().encode("€".repeat(100))));
    },
  );

  test("of text are what the bytes of the text would be", () => {
    const text = fc.oneof(
      anyText,
      fc.string({ maxLength: 200 }),
      fc.constant("ä".repeat(50)),
      fc.constant("x".repeat(70_000)),
      fc.constant(`${"x".repeat(70_000)}€`),
      fc.constant(`${"x".repeat(600_000)}€${"y".repeat(300_000)}`),
      fc.constant("日".repeat(65_535)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
        const [ofText, ofBytes] = [new FrameEncoder(null), new FrameEncoder(null)];
        for (const each of texts) {
          ofText.encodeText(0x81, each);
          ofBytes.encode(0x81, new TextEncoder().encode(each));
        }
        expect(Buffer.compare(concat(ofText.take()), concat(ofBytes.take()))).toBe(0);
      }),
    );
  });
});

describe("what waits", () => {
  test("is counted in bytes and frames until it is taken, and given once", () => {
    const encoder = new FrameEncoder(null);
    expect(encoder).toMatchObject({ bytes: 0, frames: 0, dataFrames: 0 });
    encoder.encode(0x82, hex("61"));
    encoder.encode(0x82, hex("62 63"));
    encoder.encodeFirst(0x8a, hex(""));
    expect(encoder).toMatchObject({ bytes: 9, frames: 3, dataFrames: 2 });
    expect(toHex(concat(encoder.take()))).toBe("8a 00 82 01 61 82 02 62 63");
    expect(encoder).toMatchObject({ bytes: 0, frames: 0, dataFrames: 0 });
    expect(encoder.take()).toEqual([]);
  });

  test.each([
    ["a whole text", 0x81, 1],
    ["a first fragment with a reserved bit", 0x42, 1],
    ["a continuation", 0x00, 1],
    ["a Close frame", 0x88, 0],
    ["a ping", 0x89, 0],
    ["a pong", 0x8a, 0],
  ])("counts as data if it is of a message: %s", (_, firstByte, dataFrames) => {
    const encoder = new FrameEncoder(null);
    encoder.encode(firstByte, hex(""));
    expect(encoder).toMatchObject({ frames: 1, dataFrames });
  });

  test("can be overtaken, and goes on behind", () => {
    const encoder = new FrameEncoder(null);
    encoder.encodeFirst(0x8a, hex("02"));
    encoder.encodeFirst(0x8a, hex("01"));
    encoder.encode(0x82, hex("03"));
    encoder.encodeFirst(0x8a, hex("00"));
    encoder.encode(0x82, hex("04"));
    expect(toHex(concat(encoder.take()))).toBe("8a 01 00 8a 01 01 8a 01 02 82 01 03 82 01 04");
  });
});
