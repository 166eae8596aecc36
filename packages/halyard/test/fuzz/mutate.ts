// SPDX-License-Identifier: Apache-2.0
import type { Random } from "../support/random.ts";
import type { FuzzTarget } from "./target.ts";

const longest = 2000;

/** Changes an input in a few places, mostly by what the target's grammar has. */
export function mutated(
  input: Uint8Array,
  others: readonly Uint8Array[],
  target: FuzzTarget,
  random: Random,
): Uint8Array {
  let result = input;
  for (let changes = 1 + random.below(4); changes > 0; changes--)
    result = changed(result, others, target, random);
  return result.subarray(0, longest);
}

function changed(
  input: Uint8Array,
  others: readonly Uint8Array[],
  target: FuzzTarget,
  random: Random,
): Uint8Array {
  const at = random.below(input.length + 1);
  const end = Math.min(input.length, at + random.below(8));
  switch (
    random.weighted({
      piece: target.piece === undefined ? 0 : 5,
      word: 4,
      byte: 2,
      cut: 2,
      repeat: 1,
      splice: 1,
    })
  ) {
    case "piece":
      return joined(input, at, at, target.piece?.(random) ?? input);
    case "word":
      return joined(input, at, random.chance(0.5) ? at : end, Buffer.from(random.pick(target.words)));
    case "byte":
      return joined(input, at, at + 1, Uint8Array.of(random.below(256)));
    case "cut":
      return joined(input, at, end, new Uint8Array(0));
    case "repeat":
      return joined(input, at, at, input.subarray(at, end));
    case "splice":
      return joined(input, at, input.length, random.pick(others).subarray(at));
  }
}

function joined(input: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array {
  return Buffer.concat([input.subarray(0, from), middle, input.subarray(to)]);
}
