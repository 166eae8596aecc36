// SPDX-License-Identifier: Apache-2.0
// Compressed data of all kinds: from zlib with any setting, damaged, and put together from bits.
import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { concat } from "../../protocol/support.ts";
import { message, noise, utf8 } from "./support.ts";

/** How zlib is to compress one message. */
export interface Making {
  readonly level: number;
  readonly memLevel: number;
  readonly strategy: number;
  /** How each part of the message ends. */
  readonly flush: number;
  /** How many parts there are, blocks of their own. */
  readonly parts: number;
}

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;

export const making: fc.Arbitrary<Making> = fc.record({
  level: fc.nat(9),
  memLevel: fc.integer({ min: 1, max: 9 }),
  strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE),
  flush: fc.constantFrom(constants.Z_SYNC_FLUSH, constants.Z_FULL_FLUSH),
  parts: fc.integer({ min: 1, max: 4 }),
});

/** A document of the sort that is worth compressing, like others and different from them. */
export function document(seed: number, size: number): Uint8Array {
  const rows = noise(Math.ceil(size / 16), seed + 1);
  const texts = [...rows].map(
    (byte, at) => `{"id":${seed * 7 + at},"symbol":"S${byte & 15}","price":${byte}}`,
  );
  return utf8(`[${texts.join(",")}]`).subarray(0, size);
}

/** What messages hold, up to what is inflated on the spot. */
export const content: fc.Arbitrary<Uint8Array> = fc.oneof(
  message.map((bytes) => bytes.subarray(0, 20_000)),
  fc.tuple(fc.nat(1000), fc.nat(12_000)).map(([seed, size]) => document(seed, size)),
  fc.tuple(fc.nat(1000), fc.nat(9_000)).map(([seed, size]) => noise(size, seed)),
  // Few different octets, unevenly: long codes.
  fc
    .tuple(fc.nat(1000), fc.nat(6_000))
    .map(([seed, size]) => noise(size, seed).map((byte) => Math.clz32(byte))),
  fc
    .tuple(fc.nat(1000), fc.nat(9_000))
    .map(([seed, size]) => noise(size, seed).map((byte, at) => (byte < 250 ? at % 3 : byte))),
);

/** What zlib makes of a message after what was before, without the end of the last flush (RFC 7692 section 7.2.1). */
export function madeByZlib(
  payload: Uint8Array,
  before: Uint8Array,
  windowBits: number,
  { flush, parts, ...options }: Making,
): Uint8Array {
  const all = concat([before, payload]);
  const made: Uint8Array[] = [];
  for (let part = 0; part < parts; part++) {
    const start = before.length + Math.floor((payload.length * part) / parts);
    const end = before.length + Math.floor((payload.length * (part + 1)) / parts);
    const dictionary = all.subarray(Math.max(0, start - 2 ** windowBits), start);
    made.push(
      deflateRawSync(all.subarray(start, end), {
        ...options,
        windowBits,
        ...(dictionary.length > 0 ? { dictionary } : {}),
        finishFlush: part === parts - 1 ? constants.Z_SYNC_FLUSH : flush,
      }),
    );
  }
  return concat(made).subarray(0, -4);
}

/** Puts numbers together bit by bit, the least bit first (RFC 1951 section 3.1.1). */
export class BitWriter {
  readonly #bits: number[] = [];

  number(value: number, count: number): this {
    for (let index = 0; index < count; index++) this.#bits.push((value >> index) & 1);
    return this;
  }

  /** A Huffman code, its first bit first. */
  code(value: number, count: number): this {
    for (let index = count - 1; index >= 0; index--) this.#bits.push((value >> index) & 1);
    return this;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    for (const [at, bit] of this.#bits.entries())
      bytes[at >> 3] = (bytes[at >> 3] as number) | (bit << (at & 7));
    return bytes;
  }
}

const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * The header of a block with codes of its own (RFC 1951 section 3.2.7).
 * @param lengths - how many bits each code has, or 16 to 18 to repeat, with what follows
 */
export function blockHeader(
  literals: number,
  distances: number,
  lengths: readonly (number | readonly [symbol: 16 | 17 | 18, more: number])[],
): BitWriter {
  const writer = new BitWriter().number(0, 1).number(2, 2);
  writer
    .number(literals - 257, 5)
    .number(distances - 1, 5)
    .number(15, 4);
  // Of the codes for lengths 13 have four bits and 6 have five, which makes a whole.
  for (const symbol of lengthOrder) writer.number(symbol < 13 ? 4 : 5, 3);
  for (const entry of lengths) {
    const [symbol, more] = typeof entry === "number" ? [entry, 0] : entry;
    if (symbol < 13) writer.code(symbol, 4);
    else writer.code(26 + symbol - 13, 5);
    if (symbol > 15) writer.number(more, symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
  }
  return writer;
}

/** Lengths of codes that make a whole, two at least: codes are split in two, the last one or that at the place. */
export function wholeSet(places: readonly number[]): number[] {
  const lengths = [1, 1];
  for (const place of places) {
    const at = place % 3 === 0 ? place % lengths.length : lengths.length - 1;
    const length = (lengths[at] as number) + 1;
    if (length < 16) lengths.splice(at, 1, length, length);
  }
  return lengths;
}

/**
 * A block in order, of codes that no compressor would choose.
 *
 * @param literals - lengths of the codes of the block's end and of some other symbols, which make a whole
 * @param distances - of distances, likewise
 * @param random - which symbols those are, and which the block consists of
 */
export function oddBlock(
  literals: readonly number[],
  distances: readonly number[],
  random: readonly number[],
): BitWriter {
  const seed = random[0] ?? 0;
  const ofLiterals = Array.from({ length: 286 }, () => 0);
  // 37 and 7 share no divisor with what they are taken modulo of, so each symbol comes once.
  const symbols = literals.map((_, at) => (at === 0 ? 256 : skipEnd((seed + at * 37) % 285)));
  for (const [at, symbol] of symbols.entries()) ofLiterals[symbol] = literals[at] as number;
  const ofDistances = Array.from({ length: 30 }, () => 0);
  const distanceSymbols = distances.map((_, at) => (seed + at * 7) % 30);
  for (const [at, symbol] of distanceSymbols.entries()) ofDistances[symbol] = distances[at] as number;
  const writer = blockHeader(286, 30, [...ofLiterals, ...ofDistances]);
  const literalCodes = canonical(ofLiterals);
  const distanceCodes = canonical(ofDistances);
  for (const value of random) {
    const symbol = symbols[1 + (value % (symbols.length - 1))] as number;
    writer.code(literalCodes[symbol] as number, ofLiterals[symbol] as number);
    if (symbol < 256) continue;
    writer.number(value >> 8, symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2);
    const distance = distanceSymbols[(value >> 4) % distanceSymbols.length] as number;
    writer.code(distanceCodes[distance] as number, ofDistances[distance] as number);
    writer.number(value >> 3, distance < 4 ? 0 : (distance >> 1) - 1);
  }
  return writer.code(literalCodes[256] as number, ofLiterals[256] as number);
}

function skipEnd(symbol: number): number {
  return symbol < 256 ? symbol : symbol + 1;
}

/** The codes of RFC 1951 section 3.2.2. */
function canonical(lengths: readonly number[]): number[] {
  const codes = lengths.map(() => 0);
  let code = 0;
  for (let length = 1; length < 16; length++) {
    for (const [symbol, of] of lengths.entries()) if (of === length) codes[symbol] = code++;
    code <<= 1;
  }
  return codes;
}
