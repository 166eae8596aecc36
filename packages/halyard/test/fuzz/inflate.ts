// SPDX-License-Identifier: Apache-2.0
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { Inflater } from "../../src/extensions/deflate/node/inflater.ts";
import { HalyardError } from "../../src/protocol/errors.ts";
import type { Random } from "../support/random.ts";
import { type FuzzTarget, same } from "./target.ts";

const limit = 20_000;
const syncEnd = Uint8Array.of(0, 0, 0xff, 0xff);

/** The message, why there is none, or that a thread has to look. */
function inflated(inflater: Inflater, payload: Uint8Array): string | null {
  try {
    const message = inflater.decode(payload, true, limit);
    if (message instanceof Uint8Array) return Buffer.from(message).toString("hex");
    // It settles for nobody: what it says is for the tests of the codec.
    message.catch((error: unknown) => error);
    return null;
  } catch (error) {
    if (!(error instanceof HalyardError)) throw error;
    return error.code;
  }
}

/** What zlib itself makes of it. */
function byZlib(payload: Uint8Array, before: Uint8Array): string | null {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: limit + 1, dictionary: before };
    return inflateRawSync(Buffer.concat([payload, syncEnd]), options).toString("hex");
  } catch {
    return null;
  }
}

export const inflate: FuzzTarget = {
  words: [
    Uint8Array.of(0x4b, 0x04),
    Uint8Array.of(0x01, 0, 0, 0xff, 0xff),
    Uint8Array.of(0x05),
    Uint8Array.of(0xff),
  ],
  piece(random: Random) {
    const text = new Uint8Array(random.below(200)).map(() => 0x61 + random.below(random.pick([1, 4, 20])));
    const strategy = random.pick([constants.Z_FIXED, constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY]);
    const level = random.pick([0, 1, 9]);
    return deflateRawSync(text, { level, strategy, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  },
  run(input) {
    const [cut = 0] = input;
    const bytes = input.subarray(1);
    const abort = new AbortController();
    const fast = new Inflater(15, true, abort.signal);
    const slow = new Inflater(15, true, abort.signal, () => null);
    let before: Uint8Array = new Uint8Array(0);
    for (const payload of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      const [message, other] = [inflated(fast, payload), inflated(slow, payload)];
      same("in WebAssembly and by zlib", message, other);
      if (message === null || message.startsWith("ERR")) break;
      if (payload.length > 0) same("as zlib has it", message, byZlib(payload, before));
      before = Buffer.concat([before, Buffer.from(message, "hex")]).subarray(-32_768);
    }
    // What threads work at is given up by this, not by `dispose`: else their places would never be free again.
    abort.abort(new Error("the run is over"));
    fast.dispose();
    slow.dispose();
  },
};
