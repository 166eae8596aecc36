// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PayloadBuffer } from "../../src/protocol/payload-buffer.ts";
import { concat, detach, hex, toHex } from "./support.ts";

const trustedBytes = 64 * 1024;

/** Appends `size` bytes, the first of the `announced` ones, and returns how much memory is held then. */
function append(buffer: PayloadBuffer, size: number, announced = size, final = true): number {
  return buffer.append(new Uint8Array(size), 0, size, announced, final).buffer.byteLength;
}

/** The same in steps of one size; returns what each memory that was held was too large by, at its allocation. */
function appendAll(
  total: number,
  step: number,
  announced: (left: number) => number,
  final: boolean,
): number[] {
  const buffer = new PayloadBuffer();
  const factors = new Map<number, number>();
  for (let size = step; size <= total; size += step) {
    const held = append(buffer, step, announced(total - size + step), final);
    if (!factors.has(held)) factors.set(held, held / size);
  }
  return [...factors.values()];
}

describe("a payload buffer", () => {
  test("collects pieces and shows where each lies", () => {
    const buffer = new PayloadBuffer();
    expect(toHex(buffer.append(hex("00 01 02 03"), 1, 3, 2, false))).toBe("01 02");
    expect(toHex(buffer.append(hex("ff"), 0, 1, 1, true))).toBe("ff");
    expect(toHex(buffer.take())).toBe("01 02 ff");
  });

  test("is empty after the payload was taken, whose memory is not used again", () => {
    const buffer = new PayloadBuffer();
    append(buffer, 3);
    const first = buffer.take();
    buffer.append(hex("ff ff ff"), 0, 3, 3, true);
    expect(toHex(first)).toBe("00 00 00");
    expect(toHex(buffer.take())).toBe("ff ff ff");
    expect(buffer.take()).toHaveLength(0);
  });

  test("gives an empty payload memory of its own: transferring it away harms no other", () => {
    detach(new PayloadBuffer().take());
    const buffer = new PayloadBuffer();
    expect(() => append(buffer, 1)).not.toThrow();
    expect(() => new PayloadBuffer().take()).not.toThrow();
  });

  test("copies the pieces", () => {
    const buffer = new PayloadBuffer();
    const source = hex("01 02");
    buffer.append(source, 0, 2, 2, true);
    source.fill(0xff);
    expect(toHex(buffer.take())).toBe("01 02");
  });
});

describe("the memory of a payload buffer", () => {
  test("is what was announced, up to 64 KiB, and no more before that has arrived (FR-09)", () => {
    expect(append(new PayloadBuffer(), 1, 1000)).toBe(1000);
    expect(append(new PayloadBuffer(), 1, trustedBytes)).toBe(trustedBytes);
    expect(append(new PayloadBuffer(), 1, trustedBytes + 1)).toBe(trustedBytes);
    expect(append(new PayloadBuffer(), 1, 2 ** 62)).toBe(trustedBytes);
    expect(append(new PayloadBuffer(), 100_000, 2 ** 24)).toBe(800_000);
  });

  test("is never more than eight times what has arrived, and so grows seldom, in one big frame (MM-02)", () => {
    const [trusted, ...factors] = appendAll(2 ** 21, 1024, (left) => left, true);
    expect(trusted).toBe(trustedBytes / 1024);
    expect(factors.length).toBeLessThan(4);
    expect(Math.max(...factors)).toBeLessThanOrEqual(8);
  });

  test("grows by doubling in small fragments, too (MM-01, MM-02)", () => {
    const factors = appendAll(2 ** 17, 2, () => 2, false);
    expect(factors).toHaveLength(17);
    expect(Math.max(...factors)).toBeLessThanOrEqual(2);
  });

  test("is exactly the message's when the last fragment tells its size", () => {
    const buffer = new PayloadBuffer();
    append(buffer, 1000, 1000, false);
    expect(append(buffer, 1, 500, true)).toBe(1500);
  });

  test.each([
    ["more than half of it is used", 33_000, trustedBytes],
    ["at most half of it is used", trustedBytes / 2, trustedBytes / 2],
  ])("is that of the payload when %s (FR-13)", (_, size, expected) => {
    const buffer = new PayloadBuffer();
    append(buffer, size, trustedBytes, false);
    const payload = buffer.take();
    expect(payload).toHaveLength(size);
    expect(payload.buffer.byteLength).toBe(expected);
  });

  test("holds what was appended, whatever was announced", () => {
    const piece = fc.record({ bytes: fc.uint8Array(), extra: fc.nat(100), final: fc.boolean() });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), (pieces) => {
        const buffer = new PayloadBuffer();
        for (const { bytes, extra, final } of pieces) {
          const lies = buffer.append(bytes, 0, bytes.length, bytes.length + extra, final);
          expect(lies).toEqual(bytes);
        }
        expect(buffer.take()).toEqual(concat(pieces.map(({ bytes }) => bytes)));
      }),
    );
  });
});
