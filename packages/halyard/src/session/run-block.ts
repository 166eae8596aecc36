// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../protocol/close-reason.ts";
import type { SessionEnd } from "./session-end.ts";
import type { WebSocketSession } from "./web-socket-session.ts";

/**
 * Runs a block with a session and closes the session behind it: with 1000 when the block returns, with 1011 when it
 * throws. What still arrives is dropped. Settles as the block did, once the connection is gone.
 *
 * @throws what the block throws; what ended the session, if messages that the block had sent were lost with it
 */
export async function runBlock<S extends WebSocketSession, R>(
  session: S,
  block: (session: S) => R | PromiseLike<R>,
): Promise<R> {
  let result: R;
  try {
    result = await block(session);
  } catch (error) {
    // The error's own text stays here: it may hold what is not the peer's business.
    await leave(session, new CloseReason(CloseReason.Codes.INTERNAL_ERROR, "the session's handler failed"));
    throw error;
  }
  const { initiator, unsent, error } = await leave(session, new CloseReason(CloseReason.Codes.NORMAL));
  // An end can be clean and still have come before messages that waited.
  if (unsent > 0 && initiator === "local") throw error ?? session.signal.reason;
  return result;
}

async function leave(session: WebSocketSession, reason: CloseReason): Promise<SessionEnd> {
  session.incoming.cancel();
  return await session.leave(reason);
}
