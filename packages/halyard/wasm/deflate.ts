// SPDX-License-Identifier: Apache-2.0
// DEFLATE (RFC 1951) of small messages, about as small as zlib makes them by default. AssemblyScript; `npm run wasm`
// compiles it. What a message makes depends on nothing but itself and the bytes that it may refer to: what is left over
// from others is passed by.
// Pages: 4
import { finish, writeBlock } from "./deflate/block";
import { codeUses, heads, headsBytes, history, historyBytes, literalUses, target } from "./deflate/memory";
import { remember, tokenize } from "./deflate/search";

/** Where messages lie, behind what they may refer to. */
export function historyAt(): usize {
  return history;
}

export function historySize(): usize {
  return historyBytes;
}

/** Where the result is. */
export function targetAt(): usize {
  return target;
}

/** Has to be called before offsets in the history are used anew. */
export function forget(): void {
  memory.fill(heads, 0, headsBytes);
}

/**
 * Deflates `size` bytes of the history, and flushes: the last four octets are 00 00 ff ff (RFC 7692 section 7.2.1).
 * Offsets are larger than 0, and those of a call are not smaller than where the last one has ended.
 *
 * @param start - where that begins which the message may refer to, up to `at`, where the message does
 * @param known - up to where that was a part of the last call
 * @param reach - the largest distance
 * @returns how many bytes there are at the target
 */
export function deflate(start: u32, known: u32, at: u32, size: u32, reach: u32): u32 {
  const end = at + size;
  // The last three octets of what came before could not be found until now.
  for (let place = max(start, known - min(known, 3)); place < at; place++) remember(place, end);
  memory.fill(literalUses, 0, codeUses - literalUses);
  const last = tokenize(start, at, end, reach);
  return size == 0 ? finish(target, 0, 0) : writeBlock(at, size, last);
}
