// SPDX-License-Identifier: Apache-2.0
import { count } from "./huffman";
import {
  chain,
  distanceExtras,
  distanceUses,
  hashBits,
  heads,
  history,
  lengthExtras,
  lengthSymbols,
  literalUses,
  tokens,
} from "./memory";
import { symbolOf } from "./symbols";

/**
 * The shortest and the longest repetition. DEFLATE knows repetitions of three octets, but where messages repeat much they
 * do not pay: zlib as Node has it does not look for them either.
 */
const shortest: u32 = 4;
const longest: u32 = 258;

// How much is tried, as by zlib's level 6.
/** A repetition so long is not bettered. */
const longEnough: u32 = 128;
/** After one so long the next place is not looked at. */
const notDeferred: u32 = 16;
/** With one so long in the hand less is tried. */
const good: u32 = 8;
const tries: i32 = 128;
const fewTries: i32 = 32;

function headOf(octets: u32): usize {
  return heads + (((octets * 0x9e3779b1) >> (32 - hashBits)) << 1);
}

/** Lets a place be found; not one of the last three, of which there are no four octets. */
export function remember(place: u32, end: u32): void {
  if (place + 4 > end) return;
  const octets = load<u32>(history + place);
  const head = headOf(octets);
  store<u16>(chain + (place << 1), load<u16>(head));
  store<u16>(head, place);
}

/** What `find` has found: how far back. */
let foundDistance: u32 = 0;

/**
 * Looks for what repeats the octets at a place, nearest first, and remembers the place.
 * @param best - how long it has to be, and longer
 * @returns how long it is, or `best`
 */
function find(place: u32, start: u32, end: u32, reach: u32, best: u32): u32 {
  if (place + 4 > end) return best;
  const here = history + place;
  const octets = load<u32>(here);
  const head = headOf(octets);
  let candidate = <u32>load<u16>(head);
  store<u16>(chain + (place << 1), candidate);
  store<u16>(head, place);
  if (best >= notDeferred) return best;
  const first = max(start, place > reach ? place - reach : 0);
  const most = min(longest, end - place);
  const enough = min(most, longEnough);
  for (let left = best >= good ? fewTries : tries; candidate >= first && left > 0; left--) {
    const there = history + candidate;
    // What is longer also ends with the same four octets, which few do.
    if (load<u32>(there + best - 3) == load<u32>(here + best - 3) && load<u32>(there) == octets) {
      const length = min(most, sameOctets(there, here, most));
      if (length > best) {
        best = length;
        foundDistance = place - candidate;
        if (length >= enough) break;
      }
    }
    candidate = <u32>load<u16>(chain + (candidate << 1));
  }
  return best;
}

/** How many octets are the same, of which four are known to be; it may be more than `most`. */
function sameOctets(one: usize, other: usize, most: u32): u32 {
  let length: u32 = 4;
  while (length < most) {
    const difference = load<u64>(one + length) ^ load<u64>(other + length);
    if (difference != 0) return length + <u32>(ctz(difference) >> 3);
    length += 8;
  }
  return most;
}

/** How many bits follow the symbols of all lengths and distances, and how many all takes with the fixed codes. */
export let extraBits: u32 = 0;
export let fixedBits: u32 = 0;

/** Says the message in literals and repetitions, and counts them. @returns where the tokens end */
export function tokenize(start: u32, at: u32, end: u32, reach: u32): usize {
  let next = tokens;
  extraBits = 0;
  fixedBits = 0;
  let place = at;
  // What was found at the place before. It is taken unless this place has something longer.
  let length: u32 = 0;
  let distance: u32 = 0;
  let isDeferred = false;
  while (place < end) {
    const found = find(place, start, end, reach, max(length, shortest - 1));
    if (length >= shortest && found <= length) {
      store<u32>(next, length | (distance << 16));
      next += 4;
      countRepetition(length, distance);
      const stop = place - 1 + length;
      for (place++; place < stop; place++) remember(place, end);
      length = 0;
      isDeferred = false;
      continue;
    }
    if (isDeferred) next = literal(next, place - 1);
    isDeferred = true;
    length = found < shortest ? 0 : found;
    distance = foundDistance;
    place++;
  }
  return isDeferred ? literal(next, end - 1) : next;
}

function literal(next: usize, place: u32): usize {
  const octet = <u32>load<u8>(history + place);
  store<u32>(next, octet);
  count(literalUses + (octet << 2));
  fixedBits += octet < 144 ? 8 : 9;
  return next + 4;
}

function countRepetition(length: u32, distance: u32): void {
  const symbol = <u32>load<u8>(lengthSymbols + length - 3);
  const distanceSymbol = symbolOf(distance);
  count(literalUses + ((symbol + 257) << 2));
  count(distanceUses + (distanceSymbol << 2));
  const extra = <u32>load<u8>(lengthExtras + symbol) + <u32>load<u8>(distanceExtras + distanceSymbol);
  extraBits += extra;
  // Symbols up to 279 have 7 bits, the few above it 8, and distances 5.
  fixedBits += extra + (symbol < 23 ? 12 : 13);
}
