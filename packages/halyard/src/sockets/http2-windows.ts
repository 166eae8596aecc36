// SPDX-License-Identifier: Apache-2.0
import type { Http2Session } from "node:http2";

/**
 * Flow control, in bytes (RFC 9113 section 5.2). What a stream's window lets in is held while nobody takes it, so it is as large as
 * what a session holds of `incoming`. Of the connection's nothing is held.
 */
export const http2Windows: { readonly stream: number; readonly connection: number } = {
  stream: 2 ** 20,
  connection: 16 * 2 ** 20,
};

/** Opens the window of a whole connection, so that it is the streams' windows that count. Bun then opens none of those again. */
export function widenConnection(session: Http2Session): void {
  if (process.versions["bun"] !== undefined) return;
  session.setLocalWindowSize(http2Windows.connection);
}
