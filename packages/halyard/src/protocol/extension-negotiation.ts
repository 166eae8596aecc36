// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "./errors.ts";
import type { WebSocketExtension, WebSocketExtensionFactory } from "./extension.ts";
import { type ExtensionOffer, isToken } from "./handshake/header-grammar.ts";
import type { NegotiatedExtension } from "./message-extensions.ts";
import { reservedBits } from "./reserved-bits.ts";

/**
 * Checks that extensions can live together: a name stands once, and no two claim the same reserved bit.
 *
 * @throws {@link InvalidArgumentError}
 */
export function checkExtensions(factories: readonly WebSocketExtensionFactory[]): void {
  if (!Array.isArray(factories)) throw new InvalidArgumentError("extensions is an array");
  const names = new Set<string>();
  let claimed = 0;
  for (const factory of factories as readonly WebSocketExtensionFactory[]) {
    const { name, reserves } = factory ?? {};
    if (typeof name !== "string" || !isToken(name))
      throw new InvalidArgumentError("an extension has no name");
    if (names.has(name)) throw new InvalidArgumentError(`the extension ${name} is there twice`);
    const bits = reservedBits(reserves);
    if ((bits & claimed) !== 0) {
      throw new InvalidArgumentError(
        `the extension ${name} claims a reserved bit that another one has claimed`,
      );
    }
    names.add(name);
    claimed |= bits;
  }
}

/** The extensions of one handshake, as a client offers them and sees them accepted (RFC 6455 section 9.1). */
export class OfferedExtensions {
  readonly offers: readonly ExtensionOffer[];
  readonly #offered = new Map<string, NegotiatedExtension>();

  /** @throws {@link InvalidArgumentError} for an offer under another name than the factory's */
  constructor(factories: readonly WebSocketExtensionFactory[]) {
    this.offers = factories.flatMap(({ name, reserves, create }) => {
      const extension = create();
      this.#offered.set(name, { extension, reserves });
      return extension.offers().map((offer) => checkName(name, offer));
    });
  }

  /**
   * What the server's answer has agreed on. The handshake has checked that each was offered and comes once.
   *
   * @throws {@link HandshakeError} when an extension cannot take what was answered
   */
  accept(answers: readonly ExtensionOffer[]): NegotiatedExtension[] {
    return answers.flatMap((answer) => {
      const negotiated = this.#offered.get(answer.name);
      negotiated?.extension.accept(answer);
      return negotiated ?? [];
    });
  }
}

/** Under another name nobody would know whose offer, or answer, it is. */
function checkName(name: string, offer: ExtensionOffer): ExtensionOffer {
  if (offer.name === name) return offer;
  throw new InvalidArgumentError(`the extension ${name} cannot speak for ${offer.name}`);
}

/** What a server agrees to of a client's offers, and how it says so. */
export function answerOffers(
  factories: readonly WebSocketExtensionFactory[],
  offers: readonly ExtensionOffer[],
): { readonly answers: readonly ExtensionOffer[]; readonly negotiated: readonly NegotiatedExtension[] } {
  const answers: ExtensionOffer[] = [];
  const negotiated: NegotiatedExtension[] = [];
  for (const { name, reserves, create } of factories) {
    const own = offers.filter((offer) => offer.name === name);
    const extension: WebSocketExtension = create();
    const answer = own.length === 0 ? null : extension.answer(own);
    if (answer === null) continue;
    answers.push(checkName(name, answer));
    negotiated.push({ extension, reserves });
  }
  return { answers, negotiated };
}
