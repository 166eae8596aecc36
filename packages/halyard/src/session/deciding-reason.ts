// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../protocol/close-reason.ts";
import type { ClosingHandshake } from "../protocol/closing-handshake.ts";
import type { Frame } from "../protocol/frame.ts";

/** RFC 6455 section 7.1.5: a Close frame without a code stands for 1005. */
export function reasonOf(frame: Frame.Close): CloseReason {
  return frame.readReason() ?? new CloseReason(CloseReason.Codes.NO_STATUS);
}

/**
 * Which reason decides: ours if `close()` came first, else the peer's, else what we failed the connection with, else 1006.
 *
 * @param message - says of 1006 what has happened
 */
export function decidingReason(
  ours: CloseReason | null,
  { received, failure, sent }: ClosingHandshake,
  message: string,
): CloseReason {
  if (ours !== null) return ours;
  if (received !== null) return reasonOf(received);
  if (failure !== null && sent !== null) return reasonOf(sent);
  return new CloseReason(CloseReason.Codes.CLOSED_ABNORMALLY, message);
}
