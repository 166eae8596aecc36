// SPDX-License-Identifier: Apache-2.0
import { type EngineRequest, InvalidArgumentError } from "halyard";
import { refuseReserved } from "halyard/engine";
import type { FoundationResponse } from "./foundation.ts";

/** RFC 9110 section 5: what a header may be. A line break in it would begin another one (CWE-93). */
const token = /^[!#-'*+\-.^-z|~\w]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The request's headers and its offer of subprotocols, each name once: Foundation would join values without a space.
 *
 * @throws {@link InvalidArgumentError} for what is no header, and for those of the handshake itself
 */
export function headersOf({ headers, subprotocols, safeUrl: url }: EngineRequest): Map<string, string> {
  refuseReserved(headers, { url });
  const all = new Map<string, { readonly name: string; readonly values: string[] }>();
  const offer = subprotocols.map((subprotocol) => ["Sec-WebSocket-Protocol", subprotocol] as const);
  for (const [name, value] of [...headers, ...offer]) {
    if (!token.test(name) || !fieldValue.test(value)) {
      throw new InvalidArgumentError(`the header ${JSON.stringify(name)} is none that HTTP can carry`, {
        url,
      });
    }
    const entry = all.get(name.toLowerCase());
    if (entry === undefined) all.set(name.toLowerCase(), { name, values: [value] });
    else entry.values.push(value);
  }
  return new Map(Array.from(all.values(), ({ name, values }) => [name, values.join(", ")]));
}

/** The headers of an answer. */
export function answerHeaders({ allHeaderFields }: FoundationResponse): Headers {
  const headers = new Headers();
  allHeaderFields.enumerateKeysAndObjectsUsingBlock((name, value) => {
    // What it does not take would make it throw, in a call from Objective-C.
    if (token.test(name) && fieldValue.test(value)) headers.append(name, value);
  });
  return headers;
}
