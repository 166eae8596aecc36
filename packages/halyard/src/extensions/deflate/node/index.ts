// SPDX-License-Identifier: Apache-2.0
// `halyard/deflate`: permessage-deflate by node:zlib.
import { InvalidArgumentError } from "../../../protocol/errors.ts";
import type {
  MessageCodec,
  WebSocketExtension,
  WebSocketExtensionFactory,
} from "../../../protocol/extension.ts";
import type { ExtensionOffer } from "../../../protocol/handshake/header-grammar.ts";
import { type DeflateConfig, type ResolvedDeflateConfig, resolveConfig } from "../config.ts";
import {
  acceptAnswer,
  chooseOffer,
  type DeflateParameters,
  extensionName,
  offerFor,
} from "../negotiation.ts";
import { DeflateCodec } from "./codec.ts";
import { zlibTakesDictionaries } from "./platform.ts";

export type { DeflateConfig, DeflateNegotiation } from "../config.ts";

/**
 * Compression of messages, permessage-deflate of RFC 7692, for either role: `extensions: [deflate()]`. A session holds a
 * window of up to 32 KiB for each direction once that has compressed a message, and nothing more between messages.
 * Ktor: `WebSocketDeflateExtension`.
 *
 * Do not compress a secret together with what others can choose, in one message or one context: the length betrays it.
 * `{ compress: false }` when sending, `compressIf` and `clientNoContextTakeover` are the means.
 *
 * @throws {@link InvalidArgumentError} for an option that does not exist, and a value that an option cannot have; on Deno, whose
 * `node:zlib` cannot do it
 */
export function deflate(config: DeflateConfig = {}): WebSocketExtensionFactory {
  const resolved = resolveConfig(config);
  if (!zlibTakesDictionaries()) {
    throw new InvalidArgumentError(
      "deflate() cannot be used here: this platform's node:zlib ignores dictionaries, as Deno's does, and would make other messages of what was sent",
    );
  }
  return {
    name: extensionName,
    reserves: { rsv1: true },
    create: () => new DeflateExtension(resolved),
  };
}

class DeflateExtension implements WebSocketExtension {
  readonly name = extensionName;
  readonly #config: ResolvedDeflateConfig;
  #agreed: DeflateParameters | undefined;

  constructor(config: ResolvedDeflateConfig) {
    this.#config = config;
  }

  offers(): readonly ExtensionOffer[] {
    return this.#config.wishes.map(offerFor);
  }

  accept(answer: ExtensionOffer): void {
    this.#agreed = acceptAnswer(this.#config.wishes, answer);
  }

  answer(offers: readonly ExtensionOffer[]): ExtensionOffer | null {
    const choice = chooseOffer(this.#config.wishes, offers);
    this.#agreed = choice?.parameters;
    return choice?.answer ?? null;
  }

  codec(role: "client" | "server"): MessageCodec {
    if (this.#agreed === undefined)
      throw new InvalidArgumentError(`${extensionName} has not been negotiated`);
    return new DeflateCodec(this.#config, this.#agreed, role);
  }
}
