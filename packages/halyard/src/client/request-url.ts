// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { RequestParts } from "./request-parts.ts";

/** The URL of a request, without user information. @throws {@link InvalidArgumentError} */
export function buildUrl(parts: RequestParts): URL {
  const { protocol = "ws", host = "localhost", port, path = "/" } = parts;
  const url = new URL(`${protocol}://${hostName(host)}${port === undefined ? "" : `:${port}`}`);
  // Set, not resolved against the URL: resolved, "//host" or "http://host/" as a path would be another host.
  if (path !== url.pathname) url.pathname = path;
  if (parts.query.length > 0) url.search = parts.query.join("&");
  return url;
}

/** A host that was found right, as most requests of a program name the same one: each parsing of a URL takes 4 to 10 µs. */
let known = "localhost";

/**
 * A name or an address as a URL has it; anything else that a URL could hold is refused.
 * @throws {@link InvalidArgumentError}
 */
export function hostName(host: string): string {
  if (host !== known) known = parsedHost(host);
  return known;
}

function parsedHost(host: string): string {
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  try {
    // A parser takes a final slash, and the default port, for nothing.
    const url = new URL(`ws://${bracketed}`);
    if (url.href === `ws://${url.hostname}/` && !/[/\\]|\]./.test(host)) return url.hostname;
  } catch {
    // Said below.
  }
  // It is not shown, since it may be a whole URL, with every secret in it.
  throw new InvalidArgumentError(
    "host is no name and no address; port, path and user information are options of their own, or parts of url",
  );
}
