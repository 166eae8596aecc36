// SPDX-License-Identifier: Apache-2.0
import { safeUrl } from "./safe-url.ts";

/** Headers whose values are nobody's business, and names that such headers tend to have. */
const secretive =
  /auth|cookie|token|key|secret|passw|signature|session|credential|ticket|^sec-websocket-protocol$/i;
/** Headers that hold a URL. */
const locators = /^(?:location|content-location|referer|refresh|link)$/i;

/** The one place where a header's value becomes text for people: a secret is not shown, and of a URL what {@link safeUrl} leaves. */
export function safeHeader(name: string, value: string): string {
  if (secretive.test(name)) return "***";
  return locators.test(name) ? safeLocation(value) : printable(value);
}

function safeLocation(text: string): string {
  try {
    return printable(safeUrl(new URL(text, "relative://.")).replace(/^relative:(?:\/\/\.(?=\/))?/, ""));
  } catch {
    return "***";
  }
}

/** The most characters of one text that somebody else has written. */
const maxLength = 256;

/** Text that cannot end a line, move a cursor or turn the direction of what stands around it; cut where it is long. */
export function printable(text: string): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
  return cut.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
