// SPDX-License-Identifier: Apache-2.0
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

let isRight: boolean | undefined;

/**
 * Whether the platform's zlib takes a dictionary, which is how a context is taken over. Deno's ignores it in silence, and makes
 * other messages of what was sent.
 */
export function zlibTakesDictionaries(): boolean {
  isRight ??= roundTrip();
  return isRight;
}

function roundTrip(): boolean {
  const dictionary = Buffer.from("sphinx of black quartz");
  const finishFlush = constants.Z_SYNC_FLUSH;
  const deflated = deflateRawSync(dictionary, { dictionary, finishFlush });
  // It repeats nothing of itself.
  if (deflated.length >= dictionary.length) return false;
  try {
    return inflateRawSync(deflated, { dictionary, finishFlush }).equals(dictionary);
  } catch {
    // It has found a distance beyond what it knows.
    return false;
  }
}
