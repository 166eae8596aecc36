// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Encoded } from "../../../src/protocol/extension.ts";
import { Frame } from "../../../src/protocol/frame.ts";
import { concat, detach, hex, toHex } from "../../protocol/support.ts";
import { codecs, cut, encoded, message, noise, utf8 } from "./support.ts";

async function decodeAll(
  codec: ReturnType<typeof codecs>["client"],
  chunks: readonly Uint8Array[],
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const [at, chunk] of chunks.entries()) {
    parts.push(await codec.decode(chunk, at === chunks.length - 1, 2 ** 24));
  }
  return concat(parts);
}

describe("the examples of RFC 7692 section 7.2.3 (CM-05)", () => {
  test.each<[string, readonly (readonly string[])[]]>([
    ["7.2.3.1 one block", [["f2 48 cd c9 c9 07 00"]]],
    ["7.2.3.1 in two fragments", [["f2 48 cd", "c9 c9 07 00"]]],
    ["7.2.3.2 with a shared window", [["f2 48 cd c9 c9 07 00"], ["f2 00 11 00 00"]]],
    ["7.2.3.2 without", [["f2 48 cd c9 c9 07 00"], ["f2 48 cd c9 c9 07 00"]]],
    ["7.2.3.3 no compression", [["00 05 00 fa ff 48 65 6c 6c 6f 00"]]],
    ["7.2.3.4 BFINAL", [["f3 48 cd c9 c9 07 00 00"]]],
    ["7.2.3.5 two blocks", [["f2 48 05 00 00 00 ff ff ca c9 c9 07 00"]]],
  ])("%s: Hello", async (_, messages) => {
    const { client } = codecs();
    for (const chunks of messages) {
      expect(await decodeAll(client, chunks.map(hex))).toEqual(utf8("Hello"));
    }
  });

  test("7.2.3.6 an empty message is 00, both ways", () => {
    const { client, server } = codecs();
    expect(client.encode(new Uint8Array(0), true)).toEqual(hex("00"));
    expect(server.decode(hex("00"), true, 0)).toEqual(new Uint8Array(0));
  });

  test("Hello is encoded as there, and repeated with one octet less", () => {
    const taken = codecs().client;
    const notTaken = codecs({ clientNoContextTakeover: true }).client;
    const encodings = [taken, taken, notTaken, notTaken].map((codec) => codec.encode(utf8("Hello"), true));
    expect(encodings.map((encoded) => toHex(encoded as Uint8Array))).toEqual([
      "f2 48 cd c9 c9 07 00",
      "02 13 00 00",
      "f2 48 cd c9 c9 07 00",
      "f2 48 cd c9 c9 07 00",
    ]);
  });
});

describe("a message", () => {
  const bits = fc.integer({ min: 8, max: 15 });
  const places = fc.array(fc.nat(), { maxLength: 4 });

  test("comes out as it went in, with all parameters, in any pieces on both sides", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          clientNoContextTakeover: fc.boolean(),
          serverNoContextTakeover: fc.boolean(),
          clientMaxWindowBits: bits,
          serverMaxWindowBits: bits,
        }),
        fc.record({ level: fc.nat(9), memLevel: fc.integer({ min: 1, max: 9 }) }),
        fc.array(fc.tuple(fc.boolean(), message, places, places), { minLength: 1, maxLength: 6 }),
        async (agreed, config, messages) => {
          const { client, server } = codecs(agreed, config);
          for (const [isUp, payload, cuts, recuts] of messages) {
            const [from, to] = isUp ? [client, server] : [server, client];
            const chunks = cut(payload, cuts);
            const results: Encoded[] = [];
            for (const [at, chunk] of chunks.entries()) {
              results.push(await from.encode(chunk, at === chunks.length - 1));
            }
            // Level 0, or 8 bits, can make a large message larger; that is then sent as it is.
            if (results.some((result) => "plain" in result)) {
              expect(results).toEqual([{ plain: payload }]);
              continue;
            }
            const parts = results as Uint8Array[];
            expect(Buffer.compare(await decodeAll(to, cut(concat(parts), recuts)), payload)).toBe(0);
          }
          client.dispose();
          server.dispose();
        },
      ),
      { numRuns: 150 },
    );
  });

  test("that is large is worked on by a thread, and a small one on the spot", async () => {
    const { client, server } = codecs();
    for (const [length, isSync] of [
      [32 * 1024, true],
      [32 * 1024 + 1, false],
      [400_000, false],
    ] as const) {
      const payload = noise(length, length).map((byte) => byte & 3);
      const result = client.encode(payload, true);
      expect(result instanceof Uint8Array).toBe(isSync);
      const decoded = server.decode((await result) as Uint8Array, true, length);
      expect(decoded instanceof Uint8Array).toBe(isSync || length < 100_000);
      expect(Buffer.compare(await decoded, payload)).toBe(0);
    }
  });

  test("that is worked on by a thread may be overwritten meanwhile, and so may what was received (U8-05)", async () => {
    const { client, server } = codecs();
    const original = noise(100_000).map((byte) => byte & 63);
    for (let round = 0; round < 2; round++) {
      const payload = original.slice();
      const encoding = encoded(client, payload, true);
      payload.fill(0);
      const received = (await encoding).slice();
      const decoding = server.decode(received, true, 100_000);
      received.fill(0);
      expect(Buffer.compare(await decoding, original)).toBe(0);
    }
  });

  test.each([5, 9_000, 60_000])(
    "of %i bytes is in plain memory of its own that can be transferred",
    async (length) => {
      const { client, server } = codecs();
      for (let round = 0; round < 3; round++) {
        const payload = noise(length).map((byte) => byte & 63);
        const wire = await encoded(client, payload, true);
        const decoded = await server.decode(wire, true, length);
        for (const result of [wire, decoded]) {
          expect(result.constructor).toBe(Uint8Array);
          expect(result.buffer.byteLength).toBeLessThanOrEqual(result.length * 2);
        }
        expect(Buffer.compare(decoded, payload)).toBe(0);
        detach(wire);
        detach(decoded);
      }
    },
  );

  test("that is large and would not get smaller is sent as it is, and is in no context", async () => {
    const { client, server } = codecs();
    const random = noise(100_000);
    const copy = random.slice();
    const result = client.encode(copy, true);
    copy.fill(0);
    expect(await result).toEqual({ plain: random });
    const repeated = await encoded(client, random.subarray(0, 20_000), true);
    expect(repeated.length).toBeGreaterThan(20_000);
    expect(await server.decode(repeated, true, 20_000)).toEqual(random.subarray(0, 20_000));
  });

  test("that begins with an empty part is compressed as its first frame says, whatever its size becomes", async () => {
    const { client, server } = codecs();
    const random = noise(100_000);
    expect(client.encode(new Uint8Array(0), false)).toEqual(new Uint8Array(0));
    const rest = await client.encode(random, true);
    expect("plain" in rest).toBe(false);
    expect(await server.decode(rest as Uint8Array, true, 100_000)).toEqual(random);
  });

  test("of which a part was encoded already goes on so, whatever its size becomes", async () => {
    const { client, server } = codecs();
    const random = noise(100_000);
    const parts = [await encoded(client, random, false), await encoded(client, random, true)];
    expect(Buffer.compare(await decodeAll(server, parts), concat([random, random]))).toBe(0);
  });

  test("whose first chunks are empty comes through", async () => {
    const { client, server } = codecs();
    const empty = new Uint8Array(0);
    expect(client.encode(empty, false)).toEqual(empty);
    const last = await encoded(client, utf8("Hello"), true);
    expect(await decodeAll(server, [empty, empty, last.subarray(0, 3), empty, last.subarray(3)])).toEqual(
      utf8("Hello"),
    );
    expect(await decodeAll(server, [empty, empty])).toEqual(empty);
  });
});

describe("what is compressed", () => {
  const small = new Frame.Text("x".repeat(1023));
  const large = new Frame.Text("x".repeat(1024));
  const fragment = new Frame.Text("x", { fin: false });

  test("is what reaches the threshold, with and without context takeover, and what begins with a fragment", () => {
    for (const clientNoContextTakeover of [true, false]) {
      const { client } = codecs({ clientNoContextTakeover });
      expect([small, large, fragment].map((frame) => client.encodes(frame, undefined))).toEqual([
        false,
        true,
        true,
      ]);
    }
    expect(codecs({}, { threshold: 0 }).client.encodes(new Frame.Binary(new Uint8Array(0)), {})).toBe(true);
    const { client } = codecs({}, { threshold: Infinity });
    expect([large, fragment].map((frame) => client.encodes(frame, undefined))).toEqual([false, false]);
  });

  test("is what compressIf says of those", () => {
    const asked: Frame[] = [];
    const compressIf = (frame: Frame): boolean => asked.push(frame) > 1;
    const { client } = codecs({}, { compressIf });
    expect([small, large, large].map((frame) => client.encodes(frame, undefined))).toEqual([
      false,
      false,
      true,
    ]);
    expect(asked).toEqual([large, large]);
  });

  test("is what the sender says, before all else", () => {
    const { client } = codecs({}, { compressIf: () => false });
    expect(client.encodes(small, { compress: true })).toBe(true);
    expect(client.encodes(large, { compress: false })).toBe(false);
    expect(client.encodes(large, { compress: undefined })).toBe(false);
  });
});
