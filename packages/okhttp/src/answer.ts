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

const deflateParameter =
  /^(?:server_no_context_takeover|client_no_context_takeover|server_max_window_bits="?(?:[89]|1[0-5])"?)$/i;

/** Header fields as the platform has them. @param fields - names and values by turns */
export function headersOf(fields: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    headers.append(fields[index] ?? "", byteString(fields[index + 1] ?? ""));
  }
  return headers;
}

/**
 * What OkHttp does not check, or only after it has opened the session: that the server chose no extension that was not offered.
 *
 * @throws {@link HandshakeError}
 */
export function checkExtensions({ status, offersDeflate }: Answer, headers: Headers, url: string): void {
  const chosen = headers.get("sec-websocket-extensions");
  if (chosen === null) return;
  const [name = "", ...parameters] = chosen.split(";").map((part) => part.trim());
  const isOffered = offersDeflate && name.toLowerCase() === "permessage-deflate";
  if (isOffered && parameters.every((parameter) => deflateParameter.test(parameter))) return;
  throw new HandshakeError(
    `the server chose the extension ${JSON.stringify(chosen)}, which was not offered`,
    {
      status,
      headers,
      url,
    },
  );
}

/** OkHttp reads headers as UTF-8, and `Headers` takes bytes only. */
function byteString(value: string): string {
  return String.fromCharCode(...new TextEncoder().encode(value));
}
