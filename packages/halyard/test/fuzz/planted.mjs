// SPDX-License-Identifier: Apache-2.0

/** A bug for each target, as a change of a source: each must be found. */
export const planted = {
  addresses: {
    file: "src/client/plugins/challenges.ts",
    from: "isToken(start) && !",
    to: "!",
  },
  closing: {
    file: "src/protocol/closing-handshake.ts",
    from: "return this.sent === null && this.failure === null;",
    to: "return this.received === null && this.failure === null;",
  },
  frames: {
    file: "src/protocol/utf8.ts",
    from: "0xed",
    to: "0xec",
  },
  head: {
    file: "src/protocol/handshake/http-head.ts",
    from: "this.#size = end + 4;",
    to: "this.#size = end + 2;",
  },
  header: {
    file: "src/protocol/handshake/header-grammar.ts",
    from: "cursor.tokenOrQuoted() : null",
    to: 'cursor.tokenOrQuoted() : ""',
  },
  inflate: {
    file: "src/extensions/deflate/node/small-inflate.ts",
    from: "this.#end + size);",
    to: "this.#end + size - (size > 100 ? 1 : 0));",
  },
};
