// SPDX-License-Identifier: Apache-2.0
// DEFLATE (RFC 1951), the way back, for messages that are small and in order. AssemblyScript; `npm run wasm` compiles it.
// Whatever is not plainly right it leaves to zlib, so it never has to say what is wrong. Between calls it knows nothing;
// what it reaches back into is where the host says.
// Pages: 5

/** Not a whole message, or one that is not in order, or with a final block: zlib shall judge. */
const unsure: i32 = -1;
/** More comes out than there is room for. */
const full: i32 = -2;

/** How many bits of a code the tables are looked up with. Longer codes are rare, and are found by comparing. */
const literalBits: i32 = 9;
const distanceBits: i32 = 7;
const lengthBits: i32 = 7;

// What an entry of a table holds: the bits of the code (0 to 7), how many bits follow it (8 to 12), one of these, and from
// bit 16 on the octet, or what the bits that follow are added to. An entry of 0 is a longer code, or none.
const isLiteral: u32 = 0x8000;
const isEnd: u32 = 0x4000;
const isNothing: u32 = 0x2000;

// The memory: tables, what is inflated, and what it becomes, right behind the window.
/** What an entry holds for each symbol, but for the bits of its code. */
const literalSymbols: usize = 2048;
const distanceSymbols: usize = literalSymbols + 288 * 4;
const lengthSymbols: usize = distanceSymbols + 32 * 4;
const fixedLiterals: usize = lengthSymbols + 32 * 4;
const fixedDistances: usize = fixedLiterals + (4 << literalBits);
const literals: usize = fixedDistances + (4 << distanceBits);
const distances: usize = literals + (4 << literalBits);
const lengths: usize = distances + (4 << distanceBits);
/** How many bits the code of each symbol has. */
const codeBits: usize = lengths + (4 << lengthBits);
/** For codes longer than their table: where those of each length end, where their symbols begin, and all symbols by code. */
const literalOrder: usize = codeBits + 512;
const orderBytes: usize = 128 + 288 * 2;
const distanceOrder: usize = literalOrder + orderBytes;
/** How many codes there are of each length, and where the next symbol of it goes. */
const counts: usize = distanceOrder + orderBytes;
const places: usize = counts + 64;

const source: usize = 16 * 1024;
const sourceBytes: i32 = 16 * 1024;
/** Reading runs ahead of what is used, and copying runs past what is written. */
const margin: usize = 64;
const history: usize = source + sourceBytes + margin;
const historyBytes: usize = 5 * 65536 - history - margin;

export function sourceAt(): usize {
  return source;
}

/** Where windows and messages lie. */
export function historyAt(): usize {
  return history;
}

export function historySize(): usize {
  return historyBytes;
}

/** Where lengths 257 to 285 begin, and how many bits follow (RFC 1951 section 3.2.5). */
const lengthBases = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
]);
const lengthExtras = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
/** In which order the lengths of the codes for lengths come (RFC 1951 section 3.2.7). */
const lengthOrder = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

prepare();

/** What is the same for all messages. */
function prepare(): void {
  for (let symbol: u32 = 0; symbol < 288; symbol++) {
    let entry = (symbol << 16) | isLiteral;
    if (symbol == 256) entry = isEnd;
    if (symbol > 256) {
      const at = symbol - 257;
      entry = isNothing;
      if (at < 29)
        entry = ((<u32>load<u16>(lengthBases + at * 2)) << 16) | ((<u32>load<u8>(lengthExtras + at)) << 8);
    }
    store<u32>(literalSymbols + symbol * 4, entry);
    store<u8>(codeBits + symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  }
  for (let symbol: u32 = 0; symbol < 32; symbol++) {
    const extra: u32 = symbol < 4 ? 0 : (symbol >> 1) - 1;
    const base = symbol < 4 ? symbol + 1 : ((2 | (symbol & 1)) << extra) + 1;
    store<u32>(distanceSymbols + symbol * 4, symbol < 30 ? (base << 16) | (extra << 8) : isNothing);
    store<u32>(lengthSymbols + symbol * 4, symbol << 16);
    store<u8>(codeBits + 288 + symbol, 5);
  }
  build(fixedLiterals, literalBits, codeBits, 288, literalSymbols, literalOrder);
  build(fixedDistances, distanceBits, codeBits + 288, 32, distanceSymbols, distanceOrder);
}

/**
 * Inflates the `size` bytes at `sourceAt`, whose four last have been cut off (RFC 7692 section 7.2.1), to `at`.
 *
 * @param start - where the window begins, which ends at `at`; both in the history
 * @param room - how many bytes may come out
 * @param reach - the largest distance that was agreed on
 * @returns how many bytes have come out, `unsure` or `full`
 */
export function inflate(start: i32, at: i32, size: i32, room: i32, reach: i32): i32 {
  const first = history + start;
  const begin = history + at;
  const limit = begin + room;
  const end = source + size + 4;
  store<u32>(end - 4, 0xffff0000);
  let out = begin;
  let next = source;
  let bits: u64 = 0;
  let count: u64 = 0;
  while (true) {
    bits |= load<u64>(next) << count;
    next += <usize>((63 - count) >> 3);
    count |= 56;
    const header = <i32>bits & 7;
    bits >>= 3;
    count -= 3;
    if (header == 0) {
      next -= <usize>(count >> 3);
      bits = 0;
      count = 0;
      if (next + 4 > end) return unsure;
      const stored = <usize>load<u16>(next);
      if ((stored ^ 0xffff) != load<u16>(next, 2) || stored > end - next - 4) return unsure;
      if (stored > limit - out) return full;
      memory.copy(out, next + 4, stored);
      out += stored;
      next += 4 + stored;
      if (next == end) return <i32>(out - begin);
      continue;
    }
    let literalTable = fixedLiterals;
    let distanceTable = fixedDistances;
    if (header == 4) {
      reading = next;
      readingBits = bits;
      readingCount = count;
      if (!readCodes(end)) return unsure;
      next = reading;
      bits = readingBits;
      count = readingCount;
      literalTable = literals;
      distanceTable = distances;
      // What is left is what does not exist, and a final block: after that comes a new stream, which zlib can do.
    } else if (header != 2) return unsure;
    while (true) {
      // There are up to 63 bits of what comes, so at the end of the data it is at most this far ahead.
      if (next > end + 8) return unsure;
      bits |= load<u64>(next) << count;
      next += <usize>((63 - count) >> 3);
      count |= 56;
      let entry = load<u32>(literalTable + ((<usize>bits & mask(literalBits)) << 2));
      // Two octets of at most 9 bits each leave enough for any length.
      if (entry & isLiteral) {
        if (out >= limit) return full;
        store<u8>(out++, entry >> 16);
        bits >>= entry & 15;
        count -= entry & 15;
        entry = load<u32>(literalTable + ((<usize>bits & mask(literalBits)) << 2));
        if (entry & isLiteral) {
          if (out >= limit) return full;
          store<u8>(out++, entry >> 16);
          bits >>= entry & 15;
          count -= entry & 15;
          entry = load<u32>(literalTable + ((<usize>bits & mask(literalBits)) << 2));
        }
      }
      if (entry == 0) entry = longCode(<u32>bits, literalBits, literalSymbols, literalOrder);
      bits >>= entry & 15;
      count -= entry & 15;
      if (entry & isLiteral) {
        if (out >= limit) return full;
        store<u8>(out++, entry >> 16);
        continue;
      }
      if (entry & isEnd) break;
      if (entry & isNothing) return unsure;
      let extra = (entry >> 8) & 31;
      const length = (entry >> 16) + (<u32>bits & mask(extra));
      bits >>= extra;
      count -= extra;

      bits |= load<u64>(next) << count;
      next += <usize>((63 - count) >> 3);
      count |= 56;
      entry = load<u32>(distanceTable + ((<usize>bits & mask(distanceBits)) << 2));
      if (entry == 0) entry = longCode(<u32>bits, distanceBits, distanceSymbols, distanceOrder);
      if (entry & isNothing) return unsure;
      bits >>= entry & 15;
      count -= entry & 15;
      extra = (entry >> 8) & 31;
      const distance = (entry >> 16) + (<u32>bits & mask(extra));
      bits >>= extra;
      count -= extra;
      if (distance > <u32>reach || distance > <u32>(out - first)) return unsure;
      if (length > <u32>(limit - out)) return full;
      const stop = out + length;
      let from = out - distance;
      // Vectors and words run past the end, into what is written next.
      if (distance >= 16) {
        do {
          v128.store(out, v128.load(from));
          out += 16;
          from += 16;
        } while (out < stop);
      } else if (distance >= 8) {
        do {
          store<u64>(out, load<u64>(from));
          out += 8;
          from += 8;
        } while (out < stop);
      } else if (distance == 1) {
        const octets = i8x16.splat(load<i8>(from));
        do {
          v128.store(out, octets);
          out += 16;
        } while (out < stop);
      } else {
        do store<u8>(out++, load<u8>(from++));
        while (out < stop);
      }
      out = stop;
    }
    const over = ((<i64>next) << 3) - <i64>count - ((<i64>end) << 3);
    // The message ends between two blocks, or it is cut.
    if (over == 0) return <i32>(out - begin);
    if (over > 0) return unsure;
  }
}

function mask(count: u32): u32 {
  return (1 << count) - 1;
}

/** Where `readCodes` goes on, and where it has ended. */
let reading: usize = 0;
let readingBits: u64 = 0;
let readingCount: u64 = 0;

/** The codes of a block (RFC 1951 section 3.2.7). @returns whether they are in order, as zlib understands that */
function readCodes(end: usize): bool {
  let next = reading;
  let bits = readingBits;
  let count = readingCount;
  bits |= load<u64>(next) << count;
  next += <usize>((63 - count) >> 3);
  count |= 56;
  const literalCount = (<u32>bits & 31) + 257;
  const distanceCount = ((<u32>bits >> 5) & 31) + 1;
  const lengthCount = ((<u32>bits >> 10) & 15) + 4;
  bits >>= 14;
  count -= 14;
  if (literalCount > 286 || distanceCount > 30) return false;
  memory.fill(codeBits, 0, 19);
  for (let index: u32 = 0; index < lengthCount; index++) {
    if (index == 14) {
      bits |= load<u64>(next) << count;
      next += <usize>((63 - count) >> 3);
      count |= 56;
    }
    store<u8>(codeBits + load<u8>(lengthOrder + index), <u32>bits & 7);
    bits >>= 3;
    count -= 3;
  }
  // With at most 7 bits a code all are in the table, and the order is not needed.
  if (!build(lengths, lengthBits, codeBits, 19, lengthSymbols, literalOrder)) return false;
  const all = codeBits + literalCount + distanceCount;
  let at = codeBits;
  let before: u32 = 0;
  while (at < all) {
    if (next > end + 8) return false;
    bits |= load<u64>(next) << count;
    next += <usize>((63 - count) >> 3);
    count |= 56;
    const entry = load<u32>(lengths + ((<usize>bits & mask(lengthBits)) << 2));
    bits >>= entry & 15;
    count -= entry & 15;
    const symbol = entry >> 16;
    if (symbol < 16) {
      store<u8>(at++, symbol);
      before = symbol;
      continue;
    }
    if (symbol == 16 && at == codeBits) return false;
    const extra: u32 = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    const times: u32 = (symbol == 18 ? 11 : 3) + (<u32>bits & mask(extra));
    bits >>= extra;
    count -= extra;
    if (times > <u32>(all - at)) return false;
    if (symbol != 16) before = 0;
    memory.fill(at, <u8>before, times);
    at += times;
  }
  reading = next;
  readingBits = bits;
  readingCount = count;
  return (
    build(literals, literalBits, codeBits, literalCount, literalSymbols, literalOrder) &&
    build(distances, distanceBits, codeBits + literalCount, distanceCount, distanceSymbols, distanceOrder)
  );
}

/**
 * Makes a table of canonical codes (RFC 1951 section 3.2.2).
 *
 * @param lookup - how many bits the table is looked up with
 * @param sizes - the bits of each symbol's code, an octet each
 * @param symbols - what an entry holds for each, but for the bits of its code
 * @param order - what `longCode` needs
 * @returns whether every code has its meaning and none has two; but of distances there may be one alone, or none
 */
function build(table: usize, lookup: i32, sizes: usize, size: u32, symbols: usize, order: usize): bool {
  memory.fill(counts, 0, 64);
  for (let symbol: u32 = 0; symbol < size; symbol++) {
    const count = counts + ((<usize>load<u8>(sizes + symbol)) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  let left: i32 = 1;
  let place: u32 = 0;
  let code: u32 = 0;
  for (let length: u32 = 1; length < 16; length++) {
    const count = load<u32>(counts + length * 4);
    left = left * 2 - count;
    if (left < 0) return false;
    store<u32>(places + length * 4, place);
    // Where the codes of this length end, as 15 bits, and what leads from a code to the place of its symbol.
    code <<= 1;
    store<u32>(order + length * 4, (code + count) << (15 - length));
    store<i32>(order + 64 + length * 4, place - code);
    code += count;
    place += count;
  }
  if (left > 0 && (symbols != distanceSymbols || load<u32>(counts + 4) != place)) return false;
  for (let symbol: u32 = 0; symbol < size; symbol++) {
    const length = <usize>load<u8>(sizes + symbol);
    if (length == 0) continue;
    const at = places + (length << 2);
    const index = load<u32>(at);
    store<u32>(at, index + 1);
    store<u16>(order + 128 + index * 2, symbol);
  }
  // The table for one bit more is the table twice, and the codes of that length. They come last bit first.
  let at = order + 128;
  let reversed: u32 = 0;
  store<u32>(table, 0);
  for (let length: u32 = 1; length <= <u32>lookup; length++) {
    const half: u32 = 1 << (length - 1);
    memory.copy(table + half * 4, table, half * 4);
    for (let count = load<u32>(counts + length * 4); count > 0; count--) {
      store<u32>(table + reversed * 4, load<u32>(symbols + <usize>load<u16>(at) * 4) | length);
      at += 2;
      let bit = half;
      while (reversed & bit) bit >>= 1;
      reversed = (reversed & (bit - 1)) | bit;
    }
  }
  return true;
}

/** The entry of a code that is longer than its table is wide. */
function longCode(bits: u32, lookup: u32, symbols: usize, order: usize): u32 {
  let code = ((bits & 0x5555) << 1) | ((bits >> 1) & 0x5555);
  code = ((code & 0x3333) << 2) | ((code >> 2) & 0x3333);
  code = ((code & 0x0f0f) << 4) | ((code >> 4) & 0x0f0f);
  code = (((code & 0x00ff) << 8) | (code >> 8)) >> 1;
  for (let length = lookup + 1; length < 16; length++) {
    if (code >= load<u32>(order + length * 4)) continue;
    const place = (code >> (15 - length)) + load<u32>(order + 64 + length * 4);
    return load<u32>(symbols + <usize>load<u16>(order + 128 + place * 2) * 4) | length;
  }
  return isNothing;
}
