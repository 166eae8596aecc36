// SPDX-License-Identifier: Apache-2.0
// The memory of `deflate.ts`: tables, what is to be deflated behind what it may refer to, and what it becomes.

/** How many symbols there are (RFC 1951 section 3.2.5), and which of them ends a block. */
export const literalCount: u32 = 286;
export const distanceCount: u32 = 30;
export const endOfBlock: u32 = 256;

/** How many bits a hash has. */
export const hashBits: u32 = 13;

/** For each length less 3: its symbol less 257. */
export const lengthSymbols: usize = 2048;
/** What is added to a symbol's first length, and to its first distance: how many bits, an octet each. */
export const lengthExtras: usize = lengthSymbols + 256;
export const distanceExtras: usize = lengthExtras + 32;
/** How often each symbol comes: literals and lengths, distances, and lengths of codes. */
export const literalUses: usize = distanceExtras + 32;
export const distanceUses: usize = literalUses + 288 * 4;
export const codeUses: usize = distanceUses + 32 * 4;
/** The code of each symbol, and from bit 16 on how many bits it has. */
export const literalCodes: usize = codeUses + 32 * 4;
export const distanceCodes: usize = literalCodes + 288 * 4;
export const codeCodes: usize = distanceCodes + 32 * 4;
export const fixedLiterals: usize = codeCodes + 32 * 4;
export const fixedDistances: usize = fixedLiterals + 288 * 4;
/** Lengths of codes as they are written: a symbol, and from bit 8 on what follows it. */
export const written: usize = fixedDistances + 32 * 4;
/** For `makeCodes`: symbols in their order and by use, weights and parents of a tree, and numbers of codes by length. */
export const listed: usize = written + 320 * 2;
export const sorted: usize = listed + 288 * 2;
export const weights: usize = sorted + 288 * 2;
export const parents: usize = weights + 576 * 4;
export const places: usize = parents + 576 * 2;
export const lengthCounts: usize = places + 64 * 4;

/** The last place where four octets with this hash were, as an offset in the history. */
export const heads: usize = 16 * 1024;
export const headsBytes: usize = 2 << hashBits;
/** For each place the one before it with the same hash. */
export const chain: usize = heads + headsBytes;
export const historyBytes: usize = 64 * 1024;
export const history: usize = chain + historyBytes * 2;
export const margin: usize = 64;
/** What the message consists of: an octet, or a length and from bit 16 on a distance. */
export const tokens: usize = history + historyBytes + margin;
export const longestMessage: usize = 4 * 1024;
export const target: usize = tokens + (longestMessage + 1) * 4;
