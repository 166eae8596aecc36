// SPDX-License-Identifier: Apache-2.0
import { HandshakeError } from "../../protocol/errors.ts";
import { quote } from "../../protocol/handshake/failure.ts";
import type { ExtensionOffer, ExtensionParameter } from "../../protocol/handshake/header-grammar.ts";

/** RFC 7692 section 7. */
export const extensionName = "permessage-deflate";

/** The largest window of DEFLATE, which holds wherever nothing smaller was agreed. */
const fullWindowBits = 15;

/** What one side wishes of a session. Undefined window bits are no wish. */
export interface DeflateWishes {
  readonly clientNoContextTakeover: boolean;
  readonly serverNoContextTakeover: boolean;
  readonly clientMaxWindowBits: number | undefined;
  readonly serverMaxWindowBits: number | undefined;
}

/** What both sides have agreed on: each keeps or resets its context, and compresses within its window. */
export interface DeflateParameters {
  readonly clientNoContextTakeover: boolean;
  readonly serverNoContextTakeover: boolean;
  /** 8 to 15: the client's window has 2 to the power of this many bytes. */
  readonly clientMaxWindowBits: number;
  readonly serverMaxWindowBits: number;
}

/**
 * What a client offers. It always contains `client_max_window_bits`: without it a server may not choose the window of
 * the client (RFC 7692 section 7.1.2.2), and one that has to would decline.
 */
export function offerFor(wishes: DeflateWishes): ExtensionOffer {
  const { serverMaxWindowBits, clientMaxWindowBits } = wishes;
  return {
    name: extensionName,
    params: [
      ...flag("server_no_context_takeover", wishes.serverNoContextTakeover),
      ...flag("client_no_context_takeover", wishes.clientNoContextTakeover),
      ...bits("server_max_window_bits", serverMaxWindowBits),
      { name: "client_max_window_bits", value: clientMaxWindowBits?.toString() ?? null },
    ],
  };
}

/**
 * A client checks the server's answer (RFC 7692 section 7.1).
 *
 * @param wishes - what the offers were made of
 * @throws {@link HandshakeError} for an answer that is not valid, or that fits none of the offers
 */
export function acceptAnswer(wishes: readonly DeflateWishes[], answer: ExtensionOffer): DeflateParameters {
  const given = readAnswer(answer.params);
  const faults = wishes.map((wish) => faultOf(wish, given));
  const fitting = wishes.filter((_, at) => faults[at] === null);
  if (fitting.length === 0) throw refused(faults[0] ?? "nothing was offered");
  // The answer does not tell which offer it is to. What an offer has told of the client binds the client even if the
  // answer does not repeat it (sections 7.1.1.2 and 7.1.2.2), so all that may be meant are kept.
  const hintedBits = fitting.map(({ clientMaxWindowBits }) => clientMaxWindowBits ?? fullWindowBits);
  return {
    clientNoContextTakeover:
      given.clientNoContextTakeover || fitting.some((wish) => wish.clientNoContextTakeover),
    serverNoContextTakeover: given.serverNoContextTakeover,
    clientMaxWindowBits: Math.min(given.clientMaxWindowBits ?? fullWindowBits, ...hintedBits),
    serverMaxWindowBits: given.serverMaxWindowBits ?? fullWindowBits,
  };
}

/**
 * A server chooses: the first offer that it can live with, by the first of its wishes that fits. An offer that is not
 * valid is declined, and the next one looked at (RFC 7692 section 7.1).
 *
 * @returns the answer and what it means, or null to decline all
 */
export function chooseOffer(
  wishes: readonly DeflateWishes[],
  offers: readonly ExtensionOffer[],
): { readonly answer: ExtensionOffer; readonly parameters: DeflateParameters } | null {
  for (const { params } of offers) {
    const offer = readOffer(params);
    const wish = offer === null ? undefined : wishes.find((candidate) => canAgree(candidate, offer));
    if (offer !== null && wish !== undefined) return agree(wish, offer);
  }
  return null;
}

/** The client's window can be limited only where the client has said that it knows how (section 7.1.2.2). */
function canAgree({ clientMaxWindowBits = fullWindowBits }: DeflateWishes, offer: DeflateWishes): boolean {
  return clientMaxWindowBits === fullWindowBits || offer.clientMaxWindowBits !== undefined;
}

function agree(
  wish: DeflateWishes,
  offer: DeflateWishes,
): { readonly answer: ExtensionOffer; readonly parameters: DeflateParameters } {
  const parameters: DeflateParameters = {
    clientNoContextTakeover: wish.clientNoContextTakeover || offer.clientNoContextTakeover,
    serverNoContextTakeover: wish.serverNoContextTakeover || offer.serverNoContextTakeover,
    clientMaxWindowBits: smaller(wish.clientMaxWindowBits, offer.clientMaxWindowBits),
    serverMaxWindowBits: smaller(wish.serverMaxWindowBits, offer.serverMaxWindowBits),
  };
  // A client that has offered server_max_window_bits must find it in the answer, whatever its value.
  const tellsServerBits =
    offer.serverMaxWindowBits !== undefined || parameters.serverMaxWindowBits < fullWindowBits;
  const tellsClientBits = parameters.clientMaxWindowBits < fullWindowBits;
  const params = [
    ...flag("server_no_context_takeover", parameters.serverNoContextTakeover),
    ...flag("client_no_context_takeover", parameters.clientNoContextTakeover),
    ...bits("server_max_window_bits", tellsServerBits ? parameters.serverMaxWindowBits : undefined),
    ...bits("client_max_window_bits", tellsClientBits ? parameters.clientMaxWindowBits : undefined),
  ];
  return { answer: { name: extensionName, params }, parameters };
}

function smaller(a: number = fullWindowBits, b: number = fullWindowBits): number {
  return Math.min(a, b);
}

/** Why an answer is not to this offer (sections 7.1.1.1 and 7.1.2.1), or null. */
function faultOf(wish: DeflateWishes, answer: DeflateWishes): string | null {
  if (wish.serverNoContextTakeover && !answer.serverNoContextTakeover) {
    return "server_no_context_takeover was asked for and is missing";
  }
  const serverBits = answer.serverMaxWindowBits ?? fullWindowBits;
  if (serverBits > (wish.serverMaxWindowBits ?? fullWindowBits)) {
    return `server_max_window_bits is ${serverBits}, and ${wish.serverMaxWindowBits} was asked for`;
  }
  return null;
}

function flag(name: string, isSet: boolean): ExtensionParameter[] {
  return isSet ? [{ name, value: null }] : [];
}

function bits(name: string, value: number | undefined): ExtensionParameter[] {
  return value === undefined ? [] : [{ name, value: String(value) }];
}

function readAnswer(params: readonly ExtensionParameter[]): DeflateWishes {
  try {
    return readParameters(params, false);
  } catch (error) {
    throw error instanceof ParameterError ? refused(error.message) : error;
  }
}

function readOffer(params: readonly ExtensionParameter[]): DeflateWishes | null {
  try {
    return readParameters(params, true);
  } catch (error) {
    if (error instanceof ParameterError) return null;
    throw error;
  }
}

function refused(reason: string): HandshakeError {
  return new HandshakeError(`the server's answer to ${extensionName} cannot be accepted: ${reason}`);
}

/** What section 7.1 does not allow. A client fails for it, a server declines the offer. */
class ParameterError extends Error {
  override readonly name = "ParameterError";
}

function readParameters(params: readonly ExtensionParameter[], isOffer: boolean): DeflateWishes {
  const values = new Map<string, string | null>();
  for (const { name, value } of params) {
    if (!isKnown(name)) throw new ParameterError(`there is no parameter ${quote(name)}`);
    if (values.has(name)) throw new ParameterError(`${name} comes twice`);
    values.set(name, value);
  }
  return {
    clientNoContextTakeover: readFlag("client_no_context_takeover", values),
    serverNoContextTakeover: readFlag("server_no_context_takeover", values),
    clientMaxWindowBits: readBits("client_max_window_bits", values, isOffer),
    serverMaxWindowBits: readBits("server_max_window_bits", values, false),
  };
}

function isKnown(name: string): boolean {
  return /^(?:client|server)_(?:no_context_takeover|max_window_bits)$/.test(name);
}

function readFlag(name: string, values: ReadonlyMap<string, string | null>): boolean {
  const value = values.get(name);
  if (typeof value === "string") throw new ParameterError(`${name} has the value ${quote(value)}`);
  return value === null;
}

/** @param mayBeBare - in an offer, `client_max_window_bits` alone says that the client knows it, with no limit */
function readBits(
  name: string,
  values: ReadonlyMap<string, string | null>,
  mayBeBare: boolean,
): number | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  if (value === null && mayBeBare) return fullWindowBits;
  // "A decimal integer value without leading zeroes between 8 to 15": Number() would also take 0xf, 1e1 and 9.0.
  if (value === null || !/^(?:[89]|1[0-5])$/.test(value)) {
    throw new ParameterError(`${name} must be 8 to 15, not ${value === null ? "empty" : quote(value)}`);
  }
  return Number(value);
}
