// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import { shown } from "../protocol/given.ts";
import type { HeaderList } from "../protocol/handshake/header-list.ts";

/** Which pages may connect: those of our own host, and those listed here; `"*"` is any. */
export type AllowedOrigins = readonly string[] | "*";

/**
 * The origins as browsers write them.
 *
 * @throws {@link InvalidArgumentError} for what is no origin: it would never match, and so refuse whom it is to allow
 */
export function checkOrigins(origins: AllowedOrigins): AllowedOrigins {
  if (origins === "*") return origins;
  if (!Array.isArray(origins)) throw new InvalidArgumentError('origins is an array of origins, or "*"');
  return origins.map((origin: unknown) => {
    if (origin === "null" || (typeof origin === "string" && parse(origin)?.origin === origin)) return origin;
    throw new InvalidArgumentError(
      `${shown(origin)} is no origin: write scheme, host and port as in "https://example.org"`,
    );
  });
}

/**
 * Whether the page that a request comes from may connect (RFC 6455 section 10.2). A browser sends the user's cookies
 * along whatever page asks, so a server that looks at no Origin serves every page its users visit. Programs that are
 * no browsers send none.
 */
export function isAllowedOrigin(headers: HeaderList, allowed: AllowedOrigins): boolean {
  const [origin, ...others] = headers.get("Origin");
  if (origin === undefined || allowed === "*") return true;
  if (others.length > 0) return false;
  return allowed.includes(origin) || isOwnHost(origin, headers.get("Host")[0] ?? "");
}

/** The scheme is not compared: behind a proxy that ends TLS it is another one here. */
function isOwnHost(origin: string, host: string): boolean {
  const page = parse(origin);
  if (page === null || page.origin !== origin || page.host === "") return false;
  return parse(`${page.protocol}//${host}`)?.host === page.host;
}

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
