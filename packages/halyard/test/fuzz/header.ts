// SPDX-License-Identifier: Apache-2.0

import { resolveConfig } from "../../src/extensions/deflate/config.ts";
import { acceptAnswer, chooseOffer } from "../../src/extensions/deflate/negotiation.ts";
import { HalyardError } from "../../src/protocol/errors.ts";
import {
  formatExtensions,
  GrammarError,
  listContains,
  parseDistinctTokens,
  parseExtensions,
} from "../../src/protocol/handshake/header-grammar.ts";
import { type FuzzTarget, same } from "./target.ts";

function unless<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof GrammarError || error instanceof HalyardError) return null;
    throw error;
  }
}

export const header: FuzzTarget = {
  words: [
    "permessage-deflate",
    "server_no_context_takeover",
    "client_no_context_takeover",
    "client_max_window_bits",
    "server_max_window_bits",
    "=15",
    "=8",
    '="10"',
    ";",
    ",",
    " ",
    "\t",
    '"',
    "\\",
    '\\"',
    "a",
    "=",
    "x-y",
  ],
  run(input) {
    const text = Buffer.from(input).toString("latin1");
    const offers = unless(() => parseExtensions(text));
    if (offers !== null) {
      same("printed and parsed again", parseExtensions(formatExtensions(offers)), offers);
      const { wishes } = resolveConfig({});
      unless(() => chooseOffer(wishes, offers));
      for (const offer of offers) unless(() => acceptAnswer(wishes, offer));
    }
    const tokens = unless(() => parseDistinctTokens([text]));
    for (const token of tokens ?? []) {
      if (!listContains([text], token.toLowerCase()))
        throw new Error(`${token} is in the list, and is not found`);
    }
  },
};
