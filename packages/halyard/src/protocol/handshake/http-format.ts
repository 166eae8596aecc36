// SPDX-License-Identifier: Apache-2.0
import { encodeUtf8 } from "../bytes.ts";
import { type ErrorContext, InvalidArgumentError } from "../errors.ts";
import { quote } from "./failure.ts";
import { isFieldValue, isToken } from "./header-grammar.ts";
import type { Header } from "./header-list.ts";

/** The headers that the handshake writes itself, and those that would give it content (RFC 9112 section 6). */
const RESERVED: ReadonlyMap<string, string> = new Map([
  ["sec-websocket-key", "it is made for each attempt"],
  ["sec-websocket-version", "it is always 13"],
  ["sec-websocket-accept", "it is computed from the key"],
  ["sec-websocket-extensions", "extensions are negotiated by the plugin"],
  ["sec-websocket-protocol", "use `subprotocols`"],
  ["connection", "it is always Upgrade"],
  ["upgrade", "it is always websocket"],
  ["proxy-authorization", "it would go to the server: credentials for a proxy belong to `proxy`"],
  ["content-length", "a handshake has no content"],
  ["transfer-encoding", "a handshake has no content"],
]);

/**
 * Refuses headers of the application that the handshake has to control.
 *
 * @throws {@link InvalidArgumentError}
 */
export function refuseReserved(headers: readonly Header[], context?: ErrorContext): void {
  for (const [name] of headers) {
    const why = RESERVED.get(name.toLowerCase());
    if (why !== undefined) {
      throw new InvalidArgumentError(`the header ${quote(name)} cannot be set: ${why}`, context);
    }
  }
}

/**
 * Writes the head of a request or response. No header gets to the wire but through here, where each is checked, so
 * that none can end its line and begin another (CWE-93). Values go out as Latin-1 and are never shown in errors.
 *
 * @throws {@link InvalidArgumentError}
 */
export function formatHead(
  startLine: string,
  headers: readonly Header[],
  context?: ErrorContext,
): Uint8Array {
  const lines = headers.map((header) => {
    checkHeader(header, context);
    return `${header[0]}: ${header[1]}\r\n`;
  });
  return latin1(`${startLine}\r\n${lines.join("")}\r\n`);
}

/** @throws {@link InvalidArgumentError} for what one header field cannot carry */
export function checkHeader([name, value]: Header, context?: ErrorContext): void {
  if (!isToken(name)) {
    throw new InvalidArgumentError(`the header name ${quote(name)} is not a token`, context);
  }
  if (!isFieldValue(value)) {
    throw new InvalidArgumentError(
      `the value of the header ${quote(name)} has a control character or one above U+00FF`,
      context,
    );
  }
}

/** Heads are ASCII nearly always, which is its own UTF-8: the encoder takes a twentieth of the loop's time. */
function latin1(text: string): Uint8Array {
  const encoded = encodeUtf8(text);
  if (encoded.length === text.length) return encoded;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
