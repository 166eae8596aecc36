// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameTooBigError, ProtocolViolationError } from "../../src/protocol/errors.ts";
import { FrameDecoder } from "../../src/protocol/frame-decoder.ts";
import { anyCuts, cut, outcome } from "./handshake/support.ts";
import { type Bytes, bytesOf, concat, frame, hex, ROLES, type Role, toHex, toRole, xor } from "./support.ts";

function decoderOf(role: Role, maxFrameSize = 2 ** 17): FrameDecoder {
  return new FrameDecoder({ role, maxFrameSize });
}

/** Reads all that has come to a decoder: the frames it ends, without masks. */
function read(decoder: FrameDecoder, role: Role, chunk: Uint8Array, begun: Uint8Array[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  decoder.feed(chunk);
  while (decoder.next()) {
    const { fin, opcode, length, first, last, input, start, end, offset, key } = decoder;
    expect(first).toBe(begun.length === 0);
    expect(offset).toBe(concat(begun).length);
    begun.push(role === "server" ? xor(input.subarray(start, end), key, offset) : input.slice(start, end));
    if (!last) continue;
    const payload = concat(begun.splice(0));
    expect(length).toBe(payload.length);
    frames.push(frame((fin ? 0x80 : 0) | opcode, payload));
  }
  return frames;
}

/** The frames in chunks. */
function decode(role: Role, chunks: readonly Uint8Array[], maxFrameSize?: number): Uint8Array[] {
  const decoder = decoderOf(role, maxFrameSize);
  const begun: Uint8Array[] = [];
  return chunks.flatMap((chunk) => read(decoder, role, chunk, begun));
}

/** The error at the last byte of a piece of input; no byte before it makes one. */
function faultAtEnd(role: Role, input: Uint8Array, maxFrameSize?: number): unknown {
  const decoder = decoderOf(role, maxFrameSize);
  const begun: Uint8Array[] = [];
  for (const byte of input.subarray(0, -1)) read(decoder, role, Uint8Array.of(byte), begun);
  return outcome(() => read(decoder, role, input.subarray(-1), begun));
}

function violation(message: string): unknown {
  const { name } = ProtocolViolationError;
  return {
    thrown: expect.objectContaining({ name, closeCode: 1002, message: expect.stringContaining(message) }),
  };
}

describe.each(ROLES)("a decoder of a %s", (role) => {
  describe("reads", () => {
    test.each([
      ["a text", "81 05 48 65 6c 6c 6f"],
      ["an empty binary message", "82 00"],
      ["a ping", "89 05 48 65 6c 6c 6f"],
      ["a pong", "8a 00"],
      ["a Close frame", "88 02 03 e8"],
    ])("%s (RFC 6455 section 5.7)", (_, bytes) => {
      expect(decode(role, [toRole(role, bytes)]).map(toHex)).toEqual([bytes]);
    });

    test.each([0, 1, 125, 126, 127, 128, 65535, 65536, 65537])("a payload of %i bytes", (length) => {
      const sent = frame(0x82, new Uint8Array(length).fill(0x61));
      expect(decode(role, [toRole(role, sent)]).map(toHex)).toEqual([toHex(sent)]);
    });

    test("fragments, empty ones too, with control frames between them (RFC 6455 section 5.4)", () => {
      const frames = ["01 00", "89 00", "00 01 61", "88 00", "00 00", "80 00", "82 00"];
      expect(decode(role, [toRole(role, ...frames)]).map(toHex)).toEqual(frames);
    });

    test("the same frames under any split (FR-10)", () => {
      const data = fc.tuple(fc.constantFrom(0x81, 0x82), fc.uint8Array({ maxLength: 300 }));
      const control = fc.tuple(fc.constantFrom(0x88, 0x89, 0x8a), fc.uint8Array({ maxLength: 125 }));
      fc.assert(
        fc.property(fc.array(fc.oneof(data, control)), anyCuts, (parts, cuts) => {
          const sent = parts.map(([firstByte, payload]) => frame(firstByte, payload));
          expect(decode(role, cut(toRole(role, ...sent), cuts))).toEqual(sent);
        }),
      );
    });

    test("a stream in single bytes", () => {
      const sent = [frame(0x01, hex("61")), frame(0x89, hex("")), frame(0x80, new Uint8Array(126))];
      const stream = toRole(role, ...sent);
      expect(decode(role, cut(stream, [...stream.keys()]))).toEqual(sent);
    });
  });

  describe("fails with 1002 as soon as it has read", () => {
    test.each([
      ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
        (opcode) => ["FR-03", `opcode ${opcode}`, [0x80 | opcode], `opcode ${opcode} is reserved`] as const,
      ),
      ["FR-02", "RSV1", [0xc1], "a reserved bit is set"],
      ["FR-02", "RSV2", [0xa2], "a reserved bit is set"],
      ["FR-02", "RSV3 on a control frame", [0x99], "a reserved bit is set"],
      ["FR-02", "RSV1 on a fragment", [0x41], "a reserved bit is set"],
      ["FR-04", "a Close frame without FIN", [0x08], "a control frame is fragmented"],
      ["FR-04", "a ping without FIN", [0x09], "a control frame is fragmented"],
      ["FR-04", "a pong without FIN", [0x0a], "a control frame is fragmented"],
      ["FR-05", "a last continuation of nothing", [0x80], "without a message to continue"],
      ["FR-05", "a continuation of nothing", [0x00], "without a message to continue"],
    ] as const)("%s: %s in a first byte", (_, _name, bytes, message) => {
      expect(faultAtEnd(role, Uint8Array.from(bytes))).toEqual(violation(message));
    });

    test.each<[string, Bytes[], string, string]>([
      ["a text inside a message", ["01 01 61"], "81", "a new message begins inside"],
      ["a binary message inside a text", ["01 01 61"], "02", "a new message begins inside"],
      ["a text after an empty fragment", ["01 00"], "81", "a new message begins inside"],
      [
        "a text after an empty continuation",
        ["02 00", "00 00", "89 00"],
        "81",
        "a new message begins inside",
      ],
      ["a continuation after the last", ["01 00", "80 00"], "80", "without a message to continue"],
      ["a continuation after a whole message", ["81 00"], "00", "without a message to continue"],
      ["RSV1 on a continuation", ["01 00"], "c0", "a reserved bit is set"],
    ])("FR-02, FR-05: %s", (_, before, firstByte, message) => {
      expect(faultAtEnd(role, concat([toRole(role, ...before), hex(firstByte)]))).toEqual(violation(message));
    });

    test.each(["88 7e", "89 7e", "8a 7e", "88 7f", "89 7f"])(
      "FR-04: %s, a control frame of more than 125 bytes",
      (header) => {
        expect(faultAtEnd(role, toRole(role, header))).toEqual(violation("longer than 125 bytes"));
      },
    );

    test.each([
      ["0 in 16 bits", "82 7e 00 00"],
      ["125 in 16 bits", "82 7e 00 7d"],
      ["0 in 64 bits", "82 7f 00 00 00 00 00 00 00 00"],
      ["126 in 64 bits", "82 7f 00 00 00 00 00 00 00 7e"],
      ["65535 in 64 bits", "82 7f 00 00 00 00 00 00 ff ff"],
    ])("FR-06: a length of %s", (_, header) => {
      expect(faultAtEnd(role, toRole(role, header))).toEqual(violation("a length of "));
    });

    test.each([
      ["2^63", "82 7f 80 00 00 00 00 00 00 00"],
      ["2^64 - 1", "82 7f ff ff ff ff ff ff ff ff"],
    ])("FR-07: a length of %s", (_, header) => {
      expect(faultAtEnd(role, toRole(role, header), Infinity)).toEqual(violation("the highest bit"));
    });

    test.each(["81 00", "89 00", "81 7e"])("FR-01: %s with the mask of the other role", (header) => {
      const other = role === "client" ? "server" : "client";
      const fault = role === "client" ? "a frame of a server is masked" : "a frame of a client is not masked";
      expect(faultAtEnd(role, toRole(other, header).subarray(0, 2))).toEqual(violation(fault));
    });
  });

  describe("fails with 1009 as soon as it has read (FR-07, FR-08)", () => {
    test.each([
      [0, "82 01", 1],
      [125, "82 7e 00 7e", 126],
      [65535, "82 7f 00 00 00 00 00 01 00 00", 65536],
      [2 ** 24, "82 7f 00 00 00 00 01 00 00 01", 2 ** 24 + 1],
      [2 ** 24, "82 7f 00 00 00 00 80 00 00 00", 2 ** 31],
      [2 ** 24, "82 7f 00 00 00 01 00 00 00 05", 2 ** 32 + 5],
      [2 ** 24, "82 7f 00 20 00 00 00 00 00 00", 2 ** 53],
      [Number.MAX_SAFE_INTEGER, "82 7f 7f ff ff ff ff ff ff ff", 2 ** 63],
    ])("with a limit of %d the header %s", (limit, header, size) => {
      expect(faultAtEnd(role, toRole(role, header), limit)).toEqual({
        thrown: new FrameTooBigError("maxFrameSize", size, limit),
      });
    });

    test.each([0, 1, 125, 126, 65535, 65536])("while a payload of exactly the limit, %i, passes", (limit) => {
      const sent = frame(0x82, new Uint8Array(limit));
      expect(decode(role, [toRole(role, sent)], limit).map(toHex)).toEqual([toHex(sent)]);
    });

    test("a header that breaks a limit that was lowered meanwhile", () => {
      const decoder = decoderOf(role);
      expect(read(decoder, role, toRole(role, "82 02 61 61"), [])).toHaveLength(1);
      decoder.maxFrameSize = 1;
      expect(() => read(decoder, role, toRole(role, "82 02 61 61"), [])).toThrow(FrameTooBigError);
    });
  });

  test("begins a frame with its header, before any of its payload has come", () => {
    const decoder = decoderOf(role, 2 ** 40);
    decoder.feed(toRole(role, "82 7f 00 00 00 01 00 00 00 05"));
    expect(decoder.next()).toBe(true);
    expect(decoder).toMatchObject({ first: true, last: false, length: 2 ** 32 + 5, offset: 0 });
    expect(decoder.end - decoder.start).toBe(0);
    expect(decoder.next()).toBe(false);
    expect(decoder.next()).toBe(false);
    decoder.feed(hex("61"));
    expect(decoder.next()).toBe(true);
    expect(decoder).toMatchObject({ first: false, last: false, offset: 0, start: 0, end: 1 });
  });

  test("tells how much of a payload is still to come", () => {
    const decoder = decoderOf(role);
    const chunk = toRole(role, "82 0a 00 01 02 03 04 05 06 07 08 09");
    expect(decoder.missing).toBe(0);
    const headerBytes = chunk.length - 10;
    for (const [from, to, missing] of [
      [0, 1, 0],
      [1, headerBytes, 10],
      [headerBytes, headerBytes + 3, 7],
      [headerBytes + 3, headerBytes + 7, 3],
      [headerBytes + 7, headerBytes + 10, 0],
    ] as const) {
      decoder.feed(chunk.subarray(from, to));
      decoder.next();
      expect(decoder.missing).toBe(missing);
    }
  });

  test("tells where a message begins, which is neither in a header, nor in a payload, nor between fragments", () => {
    const decoder = decoderOf(role);
    const starts = (...frames: string[]) => {
      const chunk = toRole(role, ...frames);
      return Array.from(chunk, (byte) => {
        decoder.feed(Uint8Array.of(byte));
        while (decoder.next());
        return decoder.messageStart;
      });
    };
    expect(starts("82 02 61 62").at(-1)).toBe(1);
    expect(starts("82 02 61 62").slice(0, -1)).not.toContain(1);
    expect(starts("02 01 61", "00 00")).not.toContain(1);
    expect(starts("80 00").at(-1)).toBe(1);
    decoder.feed(toRole(role, "82 00", "82 00"));
    decoder.next();
    expect(decoder.messageStart).toBe(decoder.input.length / 2);
    decoder.skipTo(decoder.input.length);
    expect(decoder.next()).toBe(false);
  });

  test("keeps its place in a header while another decoder reads one", () => {
    const [one, other] = [decoderOf(role), decoderOf(role)];
    const [ones, others] = [frame(0x82, new Uint8Array(300)), frame(0x81, hex("61"))];
    const [begun, othersBegun]: [Uint8Array[], Uint8Array[]] = [[], []];
    const frames: Uint8Array[] = [];
    const toOther = toRole(role, others);
    for (const byte of toRole(role, ones)) {
      frames.push(...read(one, role, Uint8Array.of(byte), begun));
      expect(read(other, role, toOther, othersBegun)).toEqual([others]);
    }
    expect(frames).toEqual([ones]);
  });

  test("shows what it has not read yet, in place", () => {
    const chunk = toRole(role, "82 01 61", "82 01 62");
    const decoder = decoderOf(role);
    decoder.feed(chunk);
    decoder.next();
    expect(decoder.unread).toEqual(chunk.subarray(chunk.length / 2));
    expect(decoder.unread.buffer).toBe(chunk.buffer);
    decoder.next();
    expect(decoder.unread).toHaveLength(0);
  });
});

test("a masked frame of RFC 6455 section 5.7 is read with its key", () => {
  const decoder = decoderOf("server");
  const chunk = hex("81 85 37 fa 21 3d 7f 9f 4d 51 58");
  decoder.feed(chunk);
  expect(decoder.next()).toBe(true);
  expect(toHex(decoder.key)).toBe("37 fa 21 3d");
  expect(toHex(bytesOf(chunk.subarray(decoder.start, decoder.end)))).toBe("7f 9f 4d 51 58");
});
