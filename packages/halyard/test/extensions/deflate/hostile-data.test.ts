// SPDX-License-Identifier: Apache-2.0
import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameTooBigError, ProtocolViolationError } from "../../../src/protocol/errors.ts";
import { concat, hex } from "../../protocol/support.ts";
import { codecs, cut, message, noise, utf8 } from "./support.ts";

type Codec = ReturnType<typeof codecs>["client"];

/** The outcome of one message in chunks, synchronous or not. */
async function decode(codec: Codec, chunks: readonly Uint8Array[], limit = 2 ** 20): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const [at, chunk] of chunks.entries()) {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    parts.push(await codec.decode(chunk, at === chunks.length - 1, limit - size));
  }
  return concat(parts);
}

/** The message whole, in two chunks, and in single bytes if those are few. */
function waysToCut(bytes: Uint8Array): Uint8Array[][] {
  const ways = [[bytes], cut(bytes, [bytes.length >> 1])];
  return bytes.length > 100 ? ways : [...ways, cut(bytes, [...bytes.keys()])];
}

function deflated(payload: Uint8Array): Uint8Array {
  return deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

describe("the limit (CM-01)", () => {
  // Below and above what is inflated on the spot, and compressed so little that the input alone goes to a thread.
  test.each([
    ["5 zeros", new Uint8Array(5)],
    ["100,000 zeros", new Uint8Array(100_000)],
    ["128 KiB of zeros", new Uint8Array(2 ** 17)],
    ["1 MiB of zeros", new Uint8Array(2 ** 20)],
    ["40,000 bytes of noise", noise(40_000)],
  ])("%s pass at it, and fail one past it", async (_, payload) => {
    for (const chunks of waysToCut(deflated(payload))) {
      expect(Buffer.compare(await decode(codecs().client, chunks, payload.length), payload)).toBe(0);
      const limit = payload.length - 1;
      await expect(decode(codecs().client, chunks, limit)).rejects.toThrow(
        expect.objectContaining({ limitName: "maxMessageSize", closeCode: 1009 }),
      );
    }
  });

  test("of 0 takes an empty message and no other", () => {
    expect(codecs().client.decode(hex("00"), true, 0)).toEqual(new Uint8Array(0));
    expect(codecs().client.decode(new Uint8Array(0), true, 0)).toEqual(new Uint8Array(0));
    expect(() => codecs().client.decode(deflated(utf8("x")), true, 0)).toThrow(FrameTooBigError);
  });

  test("of Infinity is none", async () => {
    const payload = new Uint8Array(1_000_000);
    expect((await codecs().client.decode(deflated(payload), true, Infinity)).length).toBe(payload.length);
  });

  test("stops a bomb of 1 GiB before it is in memory", async () => {
    // One deflated MiB of zeros is about 1 KiB; each block repeats it.
    const mebibyte = deflateRawSync(new Uint8Array(2 ** 20), { finishFlush: constants.Z_SYNC_FLUSH });
    const bomb = concat(Array.from({ length: 1024 }, () => mebibyte)).subarray(0, -4);
    const before = process.memoryUsage().rss;
    await expect(decode(codecs().client, [bomb], 2 ** 24)).rejects.toThrow(FrameTooBigError);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20);
  });
});

describe("final blocks (RFC 7692 section 7.2.3.4, CM-03)", () => {
  const HELLO_FINAL = "f3 48 cd c9 c9 07 00";

  test.each([
    ["one, and the octet that has to follow", `${HELLO_FINAL} 00`, "Hello"],
    ["one, and nothing", HELLO_FINAL, "Hello"],
    ["two", `${HELLO_FINAL} ${HELLO_FINAL} 00`, "HelloHello"],
    ["one, and another block", `${HELLO_FINAL} f2 48 cd c9 c9 07 00`, "HelloHello"],
    ["one, and a block that refers to what was before", `${HELLO_FINAL} f2 00 11 00 00`, "HelloHello"],
    ["an empty one", "03 00 00", ""],
    ["several empty ones", "03 00 03 00 03 00", ""],
  ])("%s", async (_, payload, text) => {
    const { client } = codecs();
    for (const chunks of waysToCut(hex(payload))) {
      expect(Buffer.from(await decode(client, chunks)).toString()).toBe(text);
      // The context goes on.
      await decode(client, [hex("f2 48 cd c9 c9 07 00")]);
      expect(Buffer.from(await decode(client, [hex("f2 00 11 00 00")])).toString()).toBe("Hello");
    }
  });

  test("a limit counts across them", async () => {
    const payload = hex(`${HELLO_FINAL} ${HELLO_FINAL} 00`);
    for (const chunks of waysToCut(payload)) {
      expect((await decode(codecs().client, chunks, 10)).length).toBe(10);
      await expect(decode(codecs().client, chunks, 9)).rejects.toThrow(FrameTooBigError);
    }
  });

  test("one to each fragment of a long message is fine", async () => {
    const fragment = concat([deflateRawSync(noise(600))]);
    const chunks = Array.from({ length: 200 }, () => fragment);
    expect((await decode(codecs().client, [...chunks, hex("00")])).length).toBe(120_000);
  });

  test("nothing but those costs an engine each, and is refused before long (CM-02)", async () => {
    const payload = concat(Array.from({ length: 5_000 }, () => hex("03 00")));
    for (const chunks of waysToCut(payload)) {
      await expect(decode(codecs().client, chunks)).rejects.toThrow(/final blocks/);
    }
  });
});

describe("data that cannot be inflated is answered with 1007 (CM-04)", () => {
  test.each<[string, string]>([
    ["a block type that does not exist", "06 00"],
    ["noise", "ff fe fd fc fb fa"],
    ["a stored block with a bad length", "00 05 00 00 00 48 65 6c 6c 6f 00"],
    ["a distance before the beginning", "f2 00 11 00 00"],
    ["garbage after a final block", "f3 48 cd c9 c9 07 00 ff ff ff"],
    ["a message cut within a block", "f2 48 cd c9"],
    ["a message without its last octet", "f2 48 cd c9 c9 07"],
    ["a stored block that is cut", "00 05 00 fa ff 48 65"],
    ["a long stored block that is cut", "00 ff 00 00 ff 48 65"],
    ["a final block that is cut", "f3 48 cd c9 c9 07"],
    ["a final block that is cut earlier", "f3 48 cd"],
  ])("%s", async (_, payload) => {
    for (const chunks of waysToCut(hex(payload))) {
      const outcome = decode(codecs().client, chunks);
      await expect(outcome).rejects.toThrow(ProtocolViolationError);
      await expect(outcome).rejects.toThrow(expect.objectContaining({ closeCode: 1007 }));
    }
  });

  test("a reference to an earlier message, where contexts are not taken over", async () => {
    const { client } = codecs({ serverNoContextTakeover: true });
    for (const chunks of waysToCut(hex("f2 48 cd c9 c9 07 00"))) await decode(client, chunks);
    for (const chunks of waysToCut(hex("f2 00 11 00 00"))) {
      await expect(decode(client, chunks)).rejects.toThrow(ProtocolViolationError);
    }
  });

  test("every real message that is cut", async () => {
    const whole = deflated(utf8(JSON.stringify([...noise(200)])));
    for (let length = 1; length < whole.length; length++) {
      await expect(decode(codecs().client, [whole.subarray(0, length)])).rejects.toThrow(
        ProtocolViolationError,
      );
    }
  });

  // Whatever stands behind the payload for zlib must never become a part of the message.
  test.each([
    ["a final", 1],
    ["another", 0],
  ])("%s stored block, cut before its end", async (_, final) => {
    for (const size of [40, 20_000]) {
      const block = concat([Uint8Array.of(final, size, size >> 8, ~size, ~size >> 8), noise(size)]);
      // A sender ends a message with an empty block, of which four bytes are cut off: without those four it is whole.
      const whole = final === 0 ? 4 : 0;
      for (let missing = 1; missing <= 40; missing++) {
        if (missing === whole) continue;
        const payload = block.subarray(0, block.length - missing);
        for (const chunks of [[payload], cut(payload, [payload.length >> 1])]) {
          const outcome = decode(codecs().client, chunks);
          await expect(outcome, `${missing} of ${size}`).rejects.toThrow(
            expect.objectContaining({ closeCode: 1007 }),
          );
        }
      }
    }
  });

  // Their codes were chosen such that 00 00 ff ff 01 00 00 ff ff are literals, and the block's end in the last octet.
  test.each([
    "05e0819224499224c97eab02983ad8183d332858304b0030135115e9380596cf7ef88eef7cc2eef74bfdffe6dff0e7ffdb3e7ffee2c7bf",
    "05e0819224499224c97eec4290b880d6180300480bc8818008003c00c9ef7ef893fdfffedfffbef2ffabefa7662cffdfffdefcbdafbffffd",
  ])("a final block that would end in nine octets that are not its own: %s", async (payload) => {
    for (const chunks of waysToCut(hex(payload))) {
      const outcome = decode(codecs().client, chunks);
      await expect(outcome).rejects.toThrow(expect.objectContaining({ closeCode: 1007 }));
    }
  });

  test("random bytes, in any pieces: they fail with a typed error or are inflated, and both ways alike", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      fc.tuple(message, fc.nat(), fc.nat(255)).map(([payload, place, byte]) => {
        const damaged = new Uint8Array(deflated(payload.subarray(0, 2_000)));
        damaged[place % damaged.length] = byte;
        return damaged;
      }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), async (data, places) => {
        const outcomes = [[data], cut(data, places)].map((chunks) =>
          decode(codecs().client, chunks).catch((error: unknown) => {
            if (error instanceof ProtocolViolationError || error instanceof FrameTooBigError)
              return error.code;
            throw error;
          }),
        );
        const [whole, pieces] = await Promise.all(outcomes);
        expect(pieces).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});

test("empty blocks, of which nothing comes, end with their input (CM-02)", async () => {
  const payload = concat([...Array.from({ length: 20_000 }, () => hex("00 00 00 ff ff")), hex("00")]);
  for (const chunks of waysToCut(payload)) {
    expect(await decode(codecs().client, chunks, 0)).toEqual(new Uint8Array(0));
  }
});

test("a final block at the end of a fragment leaves nothing behind for the next message (CM-03)", async () => {
  const { client } = codecs({ serverNoContextTakeover: true });
  for (let round = 0; round < 100; round++) {
    await decode(client, [hex("f3 48 cd c9 c9 07 00"), hex("f2 48 cd c9 c9 07 00")]);
    expect(() => client.decode(hex("f2 00 11 00 00"), true, 100)).toThrow(ProtocolViolationError);
  }
});
