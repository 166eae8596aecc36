// SPDX-License-Identifier: Apache-2.0
import { HandshakeError } from "halyard";

/** The server's answer, as OkHttp shows it. */
export interface Answer {
  readonly status: number;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  /** Whether OkHttp has offered compression: it does so from 4.1 on. */
  readonly offersDeflate: boolean;
}

const name = /^[\w!#$%&'*+.^`|~-]+$/;
const value = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What may come once. OkHttp looks at the last. */
const single = ["upgrade", "sec-websocket-accept"];

const bits = "(?:[89]|1[0-5])";
const deflateParameter = new RegExp(
  `^(?:(?:server|client)_no_context_takeover|server_max_window_bits=(?:${bits}|"${bits}"))$`,
  "i",
);

/** Header fields as the platform has them, without those that are none. @param fields - names and values by turns */
export function headersOf(fields: readonly string[]): Headers {
  return new Headers(pairsOf(fields).filter(isField));
}

/**
 * What OkHttp does not check, or only after it has opened the session: that the fields are some, that none comes twice that
 * may come once, and that the server chose no extension that was not offered.
 *
 * @returns the fields
 * @throws {@link HandshakeError}
 */
export function checkAnswer({ status, headers: fields, offersDeflate }: Answer, url: string): Headers {
  const headers = headersOf(fields);
  const refuse = (message: string) => {
    throw new HandshakeError(message, { status, headers, url });
  };
  if (!pairsOf(fields).every(isField)) refuse("the answer has a header field that is none");
  for (const each of single) {
    if (headers.get(each)?.includes(",")) refuse(`the header ${each} comes more than once`);
  }
  const chosen = headers.get("sec-websocket-extensions");
  if (chosen !== null && !(offersDeflate && isDeflate(chosen)))
    refuse(`the server chose the extension ${JSON.stringify(chosen)}, which was not offered`);
  return headers;
}

function isDeflate(extension: string): boolean {
  const [first, ...parameters] = extension.split(";").map((part) => part.trim().toLowerCase());
  const names = new Set(parameters.map((parameter) => parameter.split("=")[0]));
  return (
    first === "permessage-deflate" &&
    names.size === parameters.length &&
    parameters.every((parameter) => deflateParameter.test(parameter))
  );
}

/** OkHttp takes any line of an answer for a field. */
function isField([fieldName, fieldValue]: readonly [string, string]): boolean {
  return name.test(fieldName) && value.test(fieldValue);
}

function pairsOf(fields: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < fields.length; index += 2)
    pairs.push([fields[index] ?? "", byteString(fields[index + 1] ?? "")]);
  return pairs;
}

/** OkHttp reads headers as UTF-8, and `Headers` takes bytes only. */
function byteString(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}
