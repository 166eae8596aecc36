// SPDX-License-Identifier: Apache-2.0
import { lengthCounts, listed, parents, places, sorted, weights } from "./memory";

/**
 * Huffman codes, canonical, of at most so many bits (RFC 1951 section 3.2.2). There are two at least, used or not: not all
 * who inflate take one alone.
 *
 * @returns how many bits all uses take
 */
export function makeCodes(uses: usize, symbols: u32, mostBits: u32, codes: usize): u32 {
  const size = listUsed(uses, symbols);
  sortByUse(uses, size);
  makeTree(uses, size, mostBits);
  limitLengths(mostBits);
  memory.fill(codes, 0, symbols << 2);
  // The least used symbols get the longest codes; among those of a length, the order is that of the symbols.
  let total: u32 = 0;
  let at = sorted;
  for (let bits = mostBits; bits > 0; bits--) {
    for (let left = load<u32>(lengthCounts + (bits << 2)); left > 0; left--) {
      const symbol = (<usize>load<u16>(at)) << 2;
      store<u16>(codes + symbol, bits, 2);
      total += load<u32>(uses + symbol) * bits;
      at += 2;
    }
  }
  let code: u32 = 0;
  for (let bits: u32 = 1; bits <= mostBits; bits++) {
    code <<= 1;
    store<u32>(places + (bits << 2), code);
    code += load<u32>(lengthCounts + (bits << 2));
  }
  for (let index: u32 = 0; index < size; index++) {
    const entry = codes + ((<usize>load<u16>(listed + (index << 1))) << 2);
    const bits = <u32>load<u16>(entry, 2);
    const place = places + (bits << 2);
    store<u16>(entry, reversed(load<u32>(place), bits));
    count(place);
  }
  return total;
}

/** Makes a list of the symbols that get a code, in their order. @returns how many */
function listUsed(uses: usize, symbols: u32): u32 {
  let end = listed;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    store<u16>(end, symbol);
    if (load<u32>(uses + (symbol << 2)) != 0) end += 2;
  }
  const size = <u32>(end - listed) >> 1;
  if (size >= 2) return size;
  const second = size == 0 ? 1 : max(1, <u32>load<u16>(listed));
  store<u16>(listed, 0);
  store<u16>(listed + 2, second);
  return 2;
}

/** Uses are counted up to here; few symbols are used more often. */
const mostUses: u32 = 63;

/** Puts the symbols of the list in order, the least used first. */
function sortByUse(uses: usize, size: u32): void {
  memory.fill(places, 0, (mostUses + 1) << 2);
  for (let index: u32 = 0; index < size; index++) count(placeOf(uses, load<u16>(listed + (index << 1))));
  let before: u32 = 0;
  for (let use: u32 = 0; use <= mostUses; use++) {
    const place = places + (use << 2);
    const next = before + load<u32>(place);
    store<u32>(place, before);
    before = next;
  }
  const often = load<u32>(places + (mostUses << 2));
  for (let index: u32 = 0; index < size; index++) {
    const symbol = load<u16>(listed + (index << 1));
    const place = placeOf(uses, symbol);
    store<u16>(sorted + (load<u32>(place) << 1), symbol);
    count(place);
  }
  // Those that are used more often are put in order one by one.
  for (let index = often + 1; index < size; index++) {
    const symbol = load<u16>(sorted + (index << 1));
    const use = load<u32>(uses + ((<u32>symbol) << 2));
    let at = index;
    for (; at > often; at--) {
      const other = load<u16>(sorted + ((at - 1) << 1));
      if (load<u32>(uses + ((<u32>other) << 2)) <= use) break;
      store<u16>(sorted + (at << 1), other);
    }
    store<u16>(sorted + (at << 1), symbol);
  }
}

function placeOf(uses: usize, symbol: u32): usize {
  return places + (min(load<u32>(uses + (symbol << 2)), mostUses) << 2);
}

/**
 * Huffman's tree: the two lightest become one, until one is left. Leaves are in order already, and so are the nodes made of
 * them, so the lightest is the first of either. Counts how many leaves are how deep, in `lengthCounts`; what is
 * too deep counts as just not too deep.
 */
function makeTree(uses: usize, leaves: u32, mostBits: u32): void {
  for (let leaf: u32 = 0; leaf < leaves; leaf++) {
    store<u32>(weights + (leaf << 2), load<u32>(uses + ((<u32>load<u16>(sorted + (leaf << 1))) << 2)));
  }
  let leaf: u32 = 0;
  let node = leaves;
  const all = leaves * 2 - 1;
  for (let made = leaves; made < all; made++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const isLeaf =
        leaf < leaves &&
        (node == made || load<u32>(weights + (leaf << 2)) <= load<u32>(weights + (node << 2)));
      const chosen = isLeaf ? leaf++ : node++;
      weight += load<u32>(weights + (chosen << 2));
      store<u16>(parents + (chosen << 1), made);
    }
    store<u32>(weights + (made << 2), weight);
  }
  // From the root down a weight is not needed any more, and becomes how deep it was.
  memory.fill(lengthCounts, 0, 16 * 4);
  store<u32>(weights + ((all - 1) << 2), 0);
  for (let at = <i32>all - 2; at >= 0; at--) {
    const depth = load<u32>(weights + ((<u32>load<u16>(parents + (at << 1))) << 2)) + 1;
    store<u32>(weights + (at << 2), depth);
    if (<u32>at < leaves) count(lengthCounts + (min(depth, mostBits) << 2));
  }
}

/**
 * Where codes had to become shorter, there are more than there is room for; for each that is too many, a shorter one gets
 * a bit more and makes room beside it.
 */
function limitLengths(mostBits: u32): void {
  const most = lengthCounts + (mostBits << 2);
  let room: u32 = 0;
  for (let bits: u32 = 1; bits <= mostBits; bits++)
    room += load<u32>(lengthCounts + (bits << 2)) << (mostBits - bits);
  for (; room > (<u32>1) << mostBits; room--) {
    let bits = mostBits - 1;
    while (load<u32>(lengthCounts + (bits << 2)) == 0) bits--;
    const shorter = lengthCounts + (bits << 2);
    store<u32>(shorter, load<u32>(shorter) - 1);
    store<u32>(shorter, load<u32>(shorter, 4) + 2, 4);
    store<u32>(most, load<u32>(most) - 1);
  }
}

/** Codes are written with their first bit first, all else with the last. */
export function reversed(code: u32, bits: u32): u32 {
  code = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
  code = ((code & 0x3333) << 2) | ((code >> 2) & 0x3333);
  code = ((code & 0x0f0f) << 4) | ((code >> 4) & 0x0f0f);
  code = ((code & 0x00ff) << 8) | ((code >> 8) & 0x00ff);
  return code >> (16 - bits);
}

/** One more of what is counted there. */
export function count(uses: usize): void {
  store<u32>(uses, load<u32>(uses) + 1);
}
