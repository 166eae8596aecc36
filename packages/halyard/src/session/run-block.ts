// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../protocol/close-reason.ts";
import type { WebSocketSession } from "./web-socket-session.ts";

/**
 * Runs a block with a session and closes the session behind it: with 1000 when the block returns, with 1011 when it
 * throws. What still arrives is dropped. Settles as the block did, once the connection is gone.
 */
export async function runBlock<S extends WebSocketSession, R>(
  session: S,
  block: (session: S) => R | PromiseLike<R>,
): Promise<R> {
  // The error's own text stays here: it may hold what is not the peer's business.
  let reason = new CloseReason(CloseReason.Codes.INTERNAL_ERROR, "the session's handler failed");
  try {
    const result = await block(session);
    reason = new CloseReason(CloseReason.Codes.NORMAL);
    return result;
  } finally {
    session.incoming.cancel();
    await session.close(reason);
  }
}
