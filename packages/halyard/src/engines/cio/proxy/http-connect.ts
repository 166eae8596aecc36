// SPDX-License-Identifier: Apache-2.0
import { HandshakeError } from "../../../protocol/errors.ts";
import type { AnswerLimits } from "../../../protocol/handshake/client-handshake.ts";
import { quote } from "../../../protocol/handshake/failure.ts";
import { type Header, toHeaders } from "../../../protocol/handshake/header-list.ts";
import { formatHead } from "../../../protocol/handshake/http-format.ts";
import { HttpHeadParser, type ResponseHead } from "../../../protocol/handshake/http-head.ts";
import { type Dialogue, nothing, type ProxyFailure, type ProxyTarget } from "./dialogue.ts";

/** What advice a user can act on. */
const remedies: Readonly<Record<number, string>> = {
  403: "it may allow CONNECT to certain ports only",
  405: "it may not allow CONNECT",
  // Of tinyproxy, for wrong ones.
  401: "it does not accept the credentials",
  407: "it wants credentials, or others: they stand in the user information of its URL",
};

/**
 * Asks for a tunnel by CONNECT (RFC 9110 section 9.3.6). A redirect is not followed, and a length that a 2xx answer
 * announces means nothing: what comes behind its head is from the server.
 */
export function* httpConnect(
  { host, port }: ProxyTarget,
  headers: readonly Header[],
  limits: AnswerLimits,
  failed: ProxyFailure,
): Dialogue {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const { maxInterimResponses = 16 } = limits;
  let chunk = yield formatHead(`CONNECT ${authority} HTTP/1.1`, [["Host", authority], ...headers]);
  for (let interim = 0; interim <= maxInterimResponses; interim++) {
    const parser = new HttpHeadParser(limits);
    while (true) {
      chunk = chunk.subarray(receive(parser, chunk, failed));
      if (parser.head !== null) break;
      chunk = yield nothing;
    }
    const { status } = parser.head;
    if (status >= 200 && status < 300) return chunk;
    if (status >= 200 || status === 101) throw refusal(parser.head, failed);
  }
  throw failed(`it sent more than ${maxInterimResponses} interim responses`);
}

function receive(parser: HttpHeadParser, chunk: Uint8Array, failed: ProxyFailure): number {
  try {
    return parser.receive(chunk);
  } catch (cause) {
    if (!(cause instanceof HandshakeError)) throw cause;
    const { status } = cause;
    throw failed(cause.message, { cause, ...(status === undefined ? {} : { status }) });
  }
}

function refusal({ status, reason, headers }: ResponseHead, failed: ProxyFailure): Error {
  const remedy = remedies[status];
  return failed(
    `it answered with status ${status}${reason === "" ? "" : ` ${quote(reason)}`}${remedy === undefined ? "" : ` (${remedy})`}`,
    { status, headers: toHeaders(headers) },
  );
}
