// SPDX-License-Identifier: Apache-2.0
import { type ExtensionOffer, formatExtensions, isHost, isOriginForm } from "./header-grammar.ts";
import type { Header, HeaderList } from "./header-list.ts";
import {
  type AcceptedRequest,
  answer,
  checkVersion,
  type RefusedHandshake,
  refuse,
  type ServerHandshakeOptions,
} from "./server-handshake.ts";

/** An extended CONNECT, as an HTTP server has read it: the pseudo-headers by name, the others as a list. */
export interface ConnectRequest {
  readonly method: string;
  /** Undefined for a CONNECT that is not extended. */
  readonly protocol: string | undefined;
  readonly authority: string | undefined;
  readonly path: string | undefined;
  readonly headers: HeaderList;
}

/**
 * Checks a request for a WebSocket over HTTP/2 by RFC 8441 sections 4 and 5. Whether its origin and path are welcome is for
 * others to say. What the syntax of HTTP/2 forbids its server has refused.
 */
export function checkConnect(
  { method, protocol, authority, path, headers }: ConnectRequest,
  options: ServerHandshakeOptions = {},
): AcceptedRequest | RefusedHandshake {
  if (method !== "CONNECT") return refuse(405, "this is a WebSocket endpoint", [["Allow", "CONNECT"]]);
  if (protocol !== "websocket") return refuse(501, "the only :protocol here is websocket");
  if (authority === undefined || !isHost(authority)) return refuse(400, "there must be a valid :authority");
  if (path === undefined || !isOriginForm(path)) return refuse(400, "the :path is malformed");
  return checkVersion(headers, []) ?? answer(headers, options);
}

/** The header fields of the answer 200, but for the status; names in lower case. */
export function acceptanceFields(accepted: AcceptedRequest, extensions: readonly ExtensionOffer[]): Header[] {
  const fields = accepted.headers.map(([name, value]): Header => [name.toLowerCase(), value]);
  if (extensions.length > 0) fields.push(["sec-websocket-extensions", formatExtensions(extensions)]);
  return fields;
}
