// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { type DeflateConfig, resolveConfig } from "../../../src/extensions/deflate/config.ts";
import type { DeflateParameters } from "../../../src/extensions/deflate/negotiation.ts";
import { DeflateCodec } from "../../../src/extensions/deflate/node/codec.ts";

export const FULL: DeflateParameters = {
  clientNoContextTakeover: false,
  serverNoContextTakeover: false,
  clientMaxWindowBits: 15,
  serverMaxWindowBits: 15,
};

export function codecs(
  agreed: Partial<DeflateParameters> = {},
  config: DeflateConfig = {},
): { client: DeflateCodec; server: DeflateCodec } {
  const resolved = resolveConfig(config);
  const parameters = { ...FULL, ...agreed };
  return {
    client: new DeflateCodec(resolved, parameters, "client"),
    server: new DeflateCodec(resolved, parameters, "server"),
  };
}

/** What a codec makes of a chunk that it does encode. */
export async function encoded(codec: DeflateCodec, chunk: Uint8Array, fin: boolean): Promise<Uint8Array> {
  const result = await codec.encode(chunk, fin);
  if (result instanceof Uint8Array) return result;
  throw new Error("the message is to be sent as it is");
}

/** Cuts at the given places, in any order, taken modulo the length. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
}

/** Text that repeats itself near and far, as JSON does. */
export const message: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .array(fc.constantFrom("alpha", "beta", '{"id":', "}", ",", "0", "1", "2", "ä€"), { maxLength: 400 })
    .map((words) => new TextEncoder().encode(words.join(""))),
  fc.tuple(fc.nat(255), fc.nat(70_000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
);

/** Bytes without any order, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
