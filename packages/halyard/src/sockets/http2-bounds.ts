// SPDX-License-Identifier: Apache-2.0
import type { Http2Session } from "node:http2";

/**
 * Flow control, in bytes (RFC 9113 section 5.2). What a stream's window lets in is held while nobody takes it; of the
 * connection's nothing is held.
 *
 * Node reads nothing of a connection while it has something to write that the operating system does not take. Two of them
 * that write more to each other than lies in the buffers between would wait for ever, so no more than that may be under way.
 */
const windowBytes = 256 * 1024;

/**
 * Megabytes that the platform may hold of one connection, over which it refuses streams, by ENHANCE_YOUR_CALM. Its default is 10,
 * and sessions, which have bounds of their own, may hold a megabyte each.
 */
const maxSessionMemory = 256;

/** What both sides make connections with. */
export const http2Bounds: { readonly initialWindowSize: number; readonly maxSessionMemory: number } = {
  initialWindowSize: windowBytes,
  maxSessionMemory,
};

/** Opens the window of a whole connection, so that it is the streams' windows that count. Bun then opens none of those again. */
export function widenConnection(session: Http2Session): void {
  if (process.versions["bun"] !== undefined) return;
  session.setLocalWindowSize(windowBytes);
}
