// SPDX-License-Identifier: Apache-2.0

/**
 * A URL for messages and errors: without user information, and without its query, since tickets and tokens travel
 * there, with a name or, as in `?ticket`, without.
 */
export function safeUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?..."}`;
}
