// SPDX-License-Identifier: Apache-2.0
import { count, makeCodes } from "./huffman";
import {
  codeCodes,
  codeUses,
  distanceCodes,
  distanceCount,
  distanceExtras,
  distanceUses,
  endOfBlock,
  fixedDistances,
  fixedLiterals,
  history,
  lengthExtras,
  lengthSymbols,
  literalCodes,
  literalCount,
  literalUses,
  target,
  tokens,
  written,
} from "./memory";
import { extraBits, fixedBits } from "./search";
import { symbolOf } from "./symbols";

/** Saying codes takes about so many bits at least. */
const leastHeader: u32 = 96;

/** In which order the lengths of the codes for lengths come (RFC 1951 section 3.2.7). */
const lengthOrder = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

/** The message as one block, in the way that takes the fewest bits. @returns how many bytes that is, and the flush */
export function writeBlock(at: u32, size: u32, last: usize): u32 {
  store<u32>(literalUses + endOfBlock * 4, 1);
  // The type of the block has three bits, and its end seven.
  const fixed = fixedBits + 10;
  let dynamic: u32 = 0xffffffff;
  if (fixed > leastHeader) {
    dynamic = 3 + extraBits;
    dynamic += makeCodes(literalUses, literalCount, 15, literalCodes);
    dynamic += makeCodes(distanceUses, distanceCount, 15, distanceCodes);
    dynamic += describeCodes();
  }
  const least = min(fixed, dynamic);
  if ((size + 5) << 3 <= least) {
    store<u8>(target, 0);
    store<u32>(target, size | (~size << 16), 1);
    memory.copy(target + 5, history + at, size);
    return finish(target + 5 + size, 0, 0);
  }
  if (fixed <= dynamic) {
    out = target;
    outBits = 2;
    outCount = 3;
    return writeTokens(last, fixedLiterals, fixedDistances);
  }
  writeHeader();
  return writeTokens(last, literalCodes, distanceCodes);
}

/** Where output goes on, and what is not a whole octet yet. */
let out: usize = 0;
let outBits: u64 = 0;
let outCount: u64 = 0;

function writeTokens(last: usize, literals: usize, distances: usize): u32 {
  let to = out;
  let bits = outBits;
  let held = outCount;
  for (let at = tokens; at < last; at += 4) {
    const token = load<u32>(at);
    const distance = token >> 16;
    if (distance == 0) {
      const code = load<u32>(literals + (token << 2));
      bits |= (<u64>(code & 0xffff)) << held;
      held += code >> 16;
    } else {
      // At most 48 bits: 15 and 5 for the length, 15 and 13 for the distance.
      const more = (token & 0xffff) - 3;
      const symbol = <u32>load<u8>(lengthSymbols + more);
      const code = load<u32>(literals + ((symbol + 257) << 2));
      bits |= (<u64>(code & 0xffff)) << held;
      held += code >> 16;
      // The first length of a symbol is a multiple of what its bits can say.
      const extra = <u32>load<u8>(lengthExtras + symbol);
      bits |= (<u64>(more & ((1 << extra) - 1))) << held;
      held += extra;
      const distanceSymbol = symbolOf(distance);
      const distanceCode = load<u32>(distances + (distanceSymbol << 2));
      bits |= (<u64>(distanceCode & 0xffff)) << held;
      held += distanceCode >> 16;
      const distanceExtra = <u32>load<u8>(distanceExtras + distanceSymbol);
      bits |= (<u64>((distance - 1) & ((1 << distanceExtra) - 1))) << held;
      held += distanceExtra;
    }
    store<u64>(to, bits);
    to += <usize>(held >> 3);
    bits >>= held & ~7;
    held &= 7;
  }
  const code = load<u32>(literals + endOfBlock * 4);
  bits |= (<u64>(code & 0xffff)) << held;
  held += code >> 16;
  return finish(to, bits, held);
}

/** An empty block that is stored, by which the message ends with an octet. */
export function finish(to: usize, bits: u64, held: u64): u32 {
  store<u64>(to, bits);
  to += <usize>((held + 3 + 7) >> 3);
  store<u32>(to, 0xffff0000);
  return <u32>(to - target) + 4;
}

/** How many codes are described: of literals and lengths, of distances, and of lengths of codes. And where that ends. */
let describedLiterals: u32 = 0;
let describedDistances: u32 = 0;
let describedCodes: u32 = 0;
let writtenEnd: usize = 0;

/** Says how long all codes are, as the header of the block has it (RFC 1951 section 3.2.7). @returns how many bits */
function describeCodes(): u32 {
  describedLiterals = literalCount;
  while (load<u16>(literalCodes + ((describedLiterals - 1) << 2), 2) == 0) describedLiterals--;
  describedDistances = distanceCount;
  while (describedDistances > 1 && load<u16>(distanceCodes + ((describedDistances - 1) << 2), 2) == 0)
    describedDistances--;
  memory.fill(codeUses, 0, 19 * 4);
  writtenEnd = written;
  let extra: u32 = 0;
  const all = describedLiterals + describedDistances;
  let at: u32 = 0;
  let before: u32 = 0xff;
  while (at < all) {
    const length = lengthAt(at);
    let run: u32 = 1;
    while (at + run < all && lengthAt(at + run) == length) run++;
    at += run;
    while (run > 0) {
      let said: u32 = 1;
      if (length == 0 && run >= 11) {
        said = min(run, 138);
        describe(18, said - 11);
        extra += 7;
      } else if (length == 0 && run >= 3) {
        said = run;
        describe(17, said - 3);
        extra += 3;
      } else if (length == before && run >= 3) {
        said = min(run, 6);
        describe(16, said - 3);
        extra += 2;
      } else describe(length, 0);
      before = length;
      run -= said;
    }
  }
  const bits = makeCodes(codeUses, 19, 7, codeCodes);
  describedCodes = 19;
  while (load<u16>(codeCodes + ((<u32>load<u8>(lengthOrder + describedCodes - 1)) << 2), 2) == 0)
    describedCodes--;
  return 14 + describedCodes * 3 + extra + bits;
}

function lengthAt(index: u32): u32 {
  if (index < describedLiterals) return load<u16>(literalCodes + (index << 2), 2);
  return load<u16>(distanceCodes + ((index - describedLiterals) << 2), 2);
}

function describe(symbol: u32, more: u32): void {
  store<u16>(writtenEnd, symbol | (more << 8));
  writtenEnd += 2;
  count(codeUses + (symbol << 2));
}

function put(value: u32, bits: u32): void {
  outBits |= (<u64>value) << outCount;
  outCount += bits;
  store<u64>(out, outBits);
  out += <usize>(outCount >> 3);
  outBits >>= outCount & ~7;
  outCount &= 7;
}

function writeHeader(): void {
  out = target;
  outBits = 0;
  outCount = 0;
  put(
    4 | ((describedLiterals - 257) << 3) | ((describedDistances - 1) << 8) | ((describedCodes - 4) << 13),
    17,
  );
  for (let index: u32 = 0; index < describedCodes; index++) {
    put(load<u16>(codeCodes + ((<u32>load<u8>(lengthOrder + index)) << 2), 2), 3);
  }
  for (let at = written; at < writtenEnd; at += 2) {
    const symbol = <u32>load<u8>(at);
    const code = load<u32>(codeCodes + (symbol << 2));
    put(
      (code & 0xffff) | ((<u32>load<u8>(at, 1)) << (code >> 16)),
      (code >> 16) + (symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7),
    );
  }
}
