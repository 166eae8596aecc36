// SPDX-License-Identifier: Apache-2.0
import type { Random } from "../support/random.ts";

/** Something that takes whatever comes, and the grammar of what makes it do most. */
export interface FuzzTarget {
  /** What inputs are made of. */
  readonly words: readonly (string | Uint8Array)[];
  /** Makes a piece of the grammar. */
  piece?(random: Random): Uint8Array;
  /** @throws when what comes out is not right */
  run(input: Uint8Array): void;
}

/** Runs an input within a bound of the processor's time: others may be at work. @throws what the target throws, or that it took too long */
export function runWithin(target: FuzzTarget, input: Uint8Array, milliseconds = 2000): void {
  const before = process.cpuUsage();
  target.run(input);
  const { user, system } = process.cpuUsage(before);
  const taken = (user + system) / 1000;
  if (taken > milliseconds) throw new Error(`it took ${taken.toFixed(0)} ms over ${input.length} bytes`);
}

/** @throws when two outcomes that must be the same are not */
export function same(what: string, one: unknown, other: unknown): void {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  if (left !== right) throw new Error(`${what}: ${left.slice(0, 500)}, but ${right.slice(0, 500)}`);
}

/** Splits of an input that every reader of bytes must be indifferent to. */
export function* splits(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  for (const size of [2, 7, 100]) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    yield pieces;
  }
}
