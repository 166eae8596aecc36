// SPDX-License-Identifier: Apache-2.0
// Against zlib streams that live as long as a session, which is how other implementations do it.
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
  type ZlibOptions,
} from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { concat, hex } from "../../protocol/support.ts";
import { inflateWithin } from "./inflate-reference.ts";
import { codecs, encoded, noise, utf8 } from "./support.ts";

const TAIL = hex("00 00 ff ff");
const BITS = [8, 9, 10, 11, 12, 13, 14, 15];

const streams: (DeflateRaw | InflateRaw)[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.destroy();
});

/** Gives a kept stream one message, and flushes. */
async function passThrough(stream: DeflateRaw | InflateRaw, bytes: Uint8Array): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  const collect = (part: Buffer): number => parts.push(part);
  stream.on("data", collect);
  await new Promise<void>((resolve, reject) => {
    stream.once("error", reject);
    stream.write(bytes);
    stream.flush(constants.Z_SYNC_FLUSH, () => resolve());
  });
  stream.removeAllListeners("error").off("data", collect);
  return concat(parts);
}

function kept<T extends DeflateRaw | InflateRaw>(stream: T): T {
  streams.push(stream);
  return stream;
}

/** Messages whose parts come again from all distances up to and over 32 KiB. */
const MESSAGES: readonly Uint8Array[] = [
  ...Array.from({ length: 60 }, (_, at) =>
    utf8(JSON.stringify({ id: at, name: `user${at % 7}`, noise: [...noise(40 + at * 5, at % 11)] })),
  ),
  new Uint8Array(0),
  noise(40_000),
  new Uint8Array(70_000).fill(7),
  noise(40_000),
  noise(300),
];

describe.each(BITS)("with windows of %i bits", (bits) => {
  test("a kept inflater of that window takes what we encode", async () => {
    for (const noContext of [false, true]) {
      const { client } = codecs({ clientMaxWindowBits: bits, clientNoContextTakeover: noContext });
      // With output of 256 bytes at a time zlib has to use its window, and so shows if that does not suffice.
      const inflater = kept(createInflateRaw({ windowBits: bits, chunkSize: 256 }));
      for (const message of MESSAGES.slice(0, -4)) {
        const payload = await encoded(client, message, true);
        expect(await passThrough(inflater, concat([payload, TAIL]))).toEqual(message);
      }
    }
  });

  test("we take what a kept deflater of that window makes", async () => {
    const { client, server } = codecs({ clientMaxWindowBits: bits, serverMaxWindowBits: bits });
    for (const codec of [client, server]) {
      const deflater = kept(createDeflateRaw({ windowBits: bits }));
      for (const message of MESSAGES) {
        const deflated = await passThrough(deflater, message);
        // zlib flushes nothing twice: an empty message is 0x00 of RFC 7692 section 7.2.3.6.
        const payload = deflated.length === 0 ? hex("00") : deflated.subarray(0, -4);
        expect(Buffer.compare(await codec.decode(payload, true, 2 ** 20), message)).toBe(0);
      }
    }
  });

  test("nothing reaches further back than the window", async () => {
    for (const noContext of [false, true]) {
      const { server } = codecs({ serverMaxWindowBits: bits, serverNoContextTakeover: noContext });
      const parts: Uint8Array[] = [];
      const messages = MESSAGES.filter(({ length }) => length !== 40_000);
      for (const message of messages) parts.push(await encoded(server, message, true), TAIL);
      const inflated = inflateWithin(2 ** bits, concat(parts));
      expect(Buffer.compare(inflated, concat(messages))).toBe(0);
    }
  });

  test("and the context does help", async () => {
    const sizes = await Promise.all(
      [false, true].map(async (serverNoContextTakeover) => {
        const { server } = codecs({ serverMaxWindowBits: bits, serverNoContextTakeover });
        let size = 0;
        for (const message of MESSAGES.slice(0, 60)) size += (await encoded(server, message, true)).length;
        return size;
      }),
    );
    expect(sizes[0]).toBeLessThan(sizes[1] as number);
  });
});

test("chunks of all sizes, in a message and over many, keep one context", async () => {
  const { client } = codecs();
  const options: ZlibOptions = { windowBits: 15 };
  const inflater = kept(createInflateRaw(options));
  for (const message of MESSAGES) {
    const cuts = [0, 1, 50, 20_000, 20_001].filter((place) => place <= message.length);
    const parts: Uint8Array[] = [];
    for (const [at, start] of cuts.entries()) {
      parts.push(await encoded(client, message.subarray(start, cuts[at + 1]), at === cuts.length - 1));
    }
    expect(Buffer.compare(await passThrough(inflater, concat([...parts, TAIL])), message)).toBe(0);
  }
});
