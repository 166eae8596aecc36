// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from "./close-reason.ts";
import type { HalyardError } from "./errors.ts";
import type { Frame } from "./frame.ts";

/**
 * The closing handshake of RFC 6455 section 7, as bytes see it: which Close frames went each way, which came first, and
 * whether the connection had to be failed (section 7.1.7). Frames may go out while `canSend`, and what comes in
 * counts while `canReceive`.
 */
export class ClosingHandshake {
  /** The Close frame we sent; its reason is null when it was empty. */
  sent: Frame.Close | null = null;
  /** The Close frame that was received. */
  received: Frame.Close | null = null;
  /** Who sent a Close frame first, or failed the connection. */
  initiator: "local" | "peer" | null = null;
  /** The peer's fault for which we failed the connection. */
  failure: HalyardError | null = null;

  /** Whether frames may still go out: no Close frame has. */
  get canSend(): boolean {
    return this.sent === null && this.failure === null;
  }

  /** Whether what comes in still counts: no Close frame has come. */
  get canReceive(): boolean {
    return this.received === null && this.failure === null;
  }

  /** Both Close frames have passed: RFC 6455 section 7.1.4, "closed cleanly". */
  get isComplete(): boolean {
    return this.sent !== null && this.received !== null;
  }

  /** Notes that a Close frame went out. */
  closeSent(frame: Frame.Close): void {
    this.sent = frame;
    this.initiator ??= "local";
  }

  /** Notes that a Close frame came in. */
  closeReceived(frame: Frame.Close): void {
    this.received = frame;
    this.initiator ??= "peer";
  }

  /** Notes that the connection was failed (RFC 6455 section 7.1.7). */
  failed(error: HalyardError): void {
    this.failure = error;
    this.initiator ??= "local";
  }

  /** The reason of the peer's Close frame, or null when there was none or it was empty. */
  get peerReason(): CloseReason | null {
    return this.received?.readReason() ?? null;
  }
}
