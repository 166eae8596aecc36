// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from "../../protocol/close-reason.ts";

/**
 * A platform's open WebSocket: it sends and receives whole messages, and does frames, pings and the closing handshake by
 * itself. What an engine implements that has no more than that.
 */
export interface MessageSocket {
  /** Takes a message, whose bytes it copies, or has taken before it returns. Text is well-formed. */
  send(content: string | Uint8Array): void;
  /** Sends a Close frame behind what was sent; null for an empty one. Called at most once. */
  close(reason: CloseReason | null): void;
  /** Gives the connection up, as fast as the platform can, and tells its listener nothing more. Idempotent. */
  drop(): void;
  /** How many bytes of what was sent are not written yet. A platform that counts otherwise tells 0 when all are. */
  readonly bufferedAmount: number;
  /**
   * Whether the peer's Close frame has come, and the platform waits for the connection to end before it tells. Only where
   * it may wait for ever.
   */
  readonly isClosing?: boolean;
  /**
   * Sends a ping, of which the listener is told by {@link MessageListener.pong} when it is answered. Only where the platform
   * can, and then the engine has the capability `pingPong`. A platform whose pings carry no payload keeps it for the pong;
   * one that has pings under way may answer the newest alone (RFC 6455 section 5.5.3).
   */
  ping?(payload: Uint8Array): void;
  /** Stops the messages of the peer; those under way may still come. Only where the platform can. */
  pause?(): void;
  /** Goes on with them. */
  resume?(): void;
}

/** Who is told what comes of a {@link MessageSocket}. */
export interface MessageListener {
  /** A message has come. The bytes are the listener's. */
  message(content: string | Uint8Array): void;
  /** A ping was answered. Only who sends pings needs it. @param payload - the ping's, from now on the listener's */
  pong?(payload: Uint8Array): void;
  /**
   * The connection has ended with a Close frame of the peer's, which was answered. The last call.
   * @param code - 1005 for an empty frame
   */
  closed(code: number, message: string): void;
  /**
   * The connection has ended without. The last call.
   * @param cause - what the platform says, if anything. The session fails with it, as a {@link ConnectionError} unless it
   *   is a {@link HalyardError} already. With a {@link ProtocolViolationError} or {@link FrameTooBigError} it is a fault of
   *   the peer's, for which the connection was failed with the error's code
   * @param received - the peer's Close frame, where that had come and was not answered, as for {@link closed}
   */
  failed(cause?: unknown, received?: { readonly code: number; readonly message: string }): void;
  /** `bufferedAmount` has become less. Where a platform tells, nobody who waits for that has to ask again and again. */
  written?(): void;
}
