// SPDX-License-Identifier: Apache-2.0

/** The lengths and distances of RFC 1951 section 3.2.5: the first of each code, and how many bits follow. */
const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBase = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const distanceBits = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * Inflates by RFC 1951 to the letter, slowly, and refuses whatever reaches further back than the window. zlib does not:
 * it sees all of the output that it was asked for in one call.
 *
 * @param data - complete blocks, each message followed by 00 00 ff ff
 */
export function inflateWithin(windowSize: number, data: Uint8Array): Uint8Array {
  const out: number[] = [];
  let at = 0;
  const bit = (): number => ((data[at >> 3] as number) >> (at++ & 7)) & 1;
  const number = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) value |= bit() << index;
    return value;
  };
  const copy = (symbol: number, distances: Code): void => {
    const length = (lengthBase[symbol - 257] as number) + number(lengthBits[symbol - 257] as number);
    const code = distances.read(bit);
    const distance = (distanceBase[code] as number) + number(distanceBits[code] as number);
    if (distance > windowSize || distance > out.length) throw new Error(`distance ${distance}`);
    for (let index = 0; index < length; index++) out.push(out[out.length - distance] as number);
  };
  while (at < data.length * 8) {
    const isFinal = bit() === 1;
    const type = number(2);
    if (isFinal || type === 3) throw new Error(`block type ${type}`);
    if (type === 0) {
      at = (at + 7) & ~7;
      const length = number(16);
      if ((number(16) ^ 0xffff) !== length) throw new Error("stored length");
      for (let index = 0; index < length; index++) out.push(number(8));
      continue;
    }
    const [literals, distances] = type === 1 ? fixedCodes() : readCodes(number, bit);
    for (let symbol = literals.read(bit); symbol !== 256; symbol = literals.read(bit)) {
      if (symbol < 256) out.push(symbol);
      else copy(symbol, distances);
    }
  }
  return Uint8Array.from(out);
}

/** Canonical Huffman codes (RFC 1951 section 3.2.2). */
class Code {
  /** By code, with a 1 in front of it. */
  readonly #symbols = new Map<number, number>();

  constructor(lengths: readonly number[]) {
    let code = 0;
    for (let length = 1; length <= 15; length++) {
      for (const [symbol, of] of lengths.entries()) {
        if (of === length) this.#symbols.set((1 << length) | code++, symbol);
      }
      code <<= 1;
    }
  }

  read(bit: () => number): number {
    let code = 1;
    while (code < 1 << 15) {
      code = (code << 1) | bit();
      const symbol = this.#symbols.get(code);
      if (symbol !== undefined) return symbol;
    }
    throw new Error(`code ${code.toString(2)}`);
  }
}

function fixedCodes(): [Code, Code] {
  const lengths = Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8));
  return [new Code(lengths), new Code(Array.from({ length: 30 }, () => 5))];
}

function readCodes(number: (count: number) => number, bit: () => number): [Code, Code] {
  const literalCount = number(5) + 257;
  const distanceCount = number(5) + 1;
  const ordered = Array.from({ length: 19 }, () => 0);
  const codeLengthCount = number(4) + 4;
  for (const at of codeLengthOrder.slice(0, codeLengthCount)) ordered[at] = number(3);
  const codeLengths = new Code(ordered);
  const lengths: number[] = [];
  while (lengths.length < literalCount + distanceCount) {
    const symbol = codeLengths.read(bit);
    if (symbol < 16) lengths.push(symbol);
    else if (symbol === 16) repeat(lengths, lengths.at(-1) as number, 3 + number(2));
    else repeat(lengths, 0, symbol === 17 ? 3 + number(3) : 11 + number(7));
  }
  return [new Code(lengths.slice(0, literalCount)), new Code(lengths.slice(literalCount))];
}

function repeat(lengths: number[], length: number, count: number): void {
  for (let index = 0; index < count; index++) lengths.push(length);
}
