// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from "../protocol/close-reason.ts";

/** How a session ended. */
export interface SessionEnd {
  /** Whether both Close frames have passed (RFC 6455 section 7.1.4). */
  readonly clean: boolean;
  /** The reason that decided, as `closeReason` gives it. */
  readonly reason: CloseReason;
  /** The reason in the Close frame that we sent; null when there was no such frame or it was empty. */
  readonly sent: CloseReason | null;
  /** The reason in the Close frame that was received; null when there was no such frame or it was empty. */
  readonly received: CloseReason | null;
  /** Who began: with a Close frame, or by failing or dropping the connection. */
  readonly initiator: "local" | "peer";
  /** What made the end unclean, or what we gave up for. */
  readonly error: unknown;
  /** Messages, or fragments of them, that were accepted or waited to be, and were never handed to the operating system. */
  readonly unsent: number;
  /** Messages that were received and dropped: after `incoming.cancel()`, or for want of room while closing. */
  readonly discarded: number;
}
