// SPDX-License-Identifier: Apache-2.0
// What a server's answer agrees to, whichever version of HTTP it came by.
import type { HandshakeError } from "../errors.ts";
import type { HandshakeOffer } from "./client-request.ts";
import { handshakeError, quote } from "./failure.ts";
import { type ExtensionOffer, GrammarError, parseExtensions } from "./header-grammar.ts";
import { type HeaderList, toHeaders } from "./header-list.ts";

/** What both sides have agreed on. */
export interface Agreement {
  /** The chosen subprotocol; empty when none was offered. */
  readonly subprotocol: string;
  /** What the server accepted of the offered extensions. Their parameters are theirs to check. */
  readonly extensions: readonly ExtensionOffer[];
}

/** An answer that is being checked. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderList;
  /** The URL for errors, free of secrets. */
  readonly url: string;
}

/**
 * The checks of RFC 6455 section 4.1, items 5 and 6 of the server's response.
 *
 * @throws {@link HandshakeError}
 */
export function agree(answer: Answer, offer: Pick<HandshakeOffer, "subprotocols" | "extensions">): Agreement {
  return {
    subprotocol: subprotocolOf(answer, offer.subprotocols),
    extensions: extensionsOf(answer, offer.extensions),
  };
}

/**
 * That a server chooses none of the offered subprotocols would be allowed by RFC 6455, but the two sides would
 * then not speak the same language, and browsers fail too (WHATWG WebSockets, "establish a WebSocket connection").
 */
function subprotocolOf(answer: Answer, subprotocols: readonly string[]): string {
  const chosen = atMostOnce(answer, "Sec-WebSocket-Protocol");
  const offered = new Set(subprotocols);
  if (chosen === undefined) {
    if (offered.size === 0) return "";
    throw answerError(answer, `the server chose none of the ${offered.size} subprotocols that were offered`);
  }
  if (!offered.has(chosen)) {
    throw answerError(answer, `the server chose the subprotocol ${quote(chosen)}, which was not offered`);
  }
  return chosen;
}

function extensionsOf(answer: Answer, offers: readonly ExtensionOffer[]): readonly ExtensionOffer[] {
  const value = atMostOnce(answer, "Sec-WebSocket-Extensions");
  if (value === undefined) return [];
  const accepted = parse(answer, value);
  // Removing a name that was accepted makes its second coming one that is not offered any more.
  const offered = new Set(offers.map(({ name }) => name));
  for (const { name } of accepted) {
    if (!offered.delete(name)) {
      throw answerError(
        answer,
        `the server accepted the extension ${quote(name)}, which was not offered, or twice`,
      );
    }
  }
  return accepted;
}

function parse(answer: Answer, value: string): ExtensionOffer[] {
  try {
    return parseExtensions(value);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    throw answerError(answer, `the "Sec-WebSocket-Extensions" header is malformed: ${error.message}`);
  }
}

/** The value of a header that must not be repeated. @throws {@link HandshakeError} */
export function atMostOnce(answer: Answer, name: string): string | undefined {
  const values = answer.headers.get(name);
  if (values.length > 1) throw answerError(answer, `the "${name}" header comes ${values.length} times`);
  return values[0];
}

/** The error of an answer. */
export function answerError({ status, headers, url }: Answer, reason: string, body?: string): HandshakeError {
  return handshakeError(reason, { url, status, headers: toHeaders(headers), body });
}
