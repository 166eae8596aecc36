// SPDX-License-Identifier: Apache-2.0
import type { ClosingHandshake } from "../protocol/closing-handshake.ts";
import type { EncodeOptions } from "../protocol/extension.ts";
import type { Frame } from "../protocol/frame.ts";

/** Who waits for frames. Not a promise, which with all that awaits it would be 800 bytes of an idle session. */
export interface BatchReceiver {
  received(batch: Frame[] | null): void;
  receivingFailed(error: unknown): void;
}

/** What was accepted to be written, and how far it has come. */
export interface Output {
  /** How many frames, and bytes, were accepted and not yet handed to the operating system. */
  readonly pendingFrames: number;
  /** See {@link pendingFrames}. */
  readonly pendingBytes: number;
  /** As {@link pendingFrames}, without control frames. */
  readonly pendingMessages: number;
  /** How many of the accepted frames were handed to the operating system. */
  readonly framesWritten: number;
  /** How many bytes were handed to the operating system in all: while they get more, the peer is reading. */
  readonly bytesWritten: number;

  /** Resolves to true when something pending was handed over, at once if nothing is; to false on a dead connection. */
  progress(): Promise<boolean>;

  /**
   * Resolves in a later turn of the event loop, whatever becomes of the connection. Until then it is the same promise, and
   * may be that of other connections.
   */
  turn(): Promise<void>;
}

/**
 * An open connection as the session sees it: all that an engine has to provide. The session pulls batches of frames,
 * which gives backpressure, hands frames back to be written, and disposes.
 */
export interface Transport {
  /** Which Close frames have passed, and the peer's fault if the connection was failed for one. */
  readonly closing: ClosingHandshake;

  /**
   * Gives the receiver, once, the frames that have arrived since the last call, at least one, control frames among them in
   * order; null when the peer has ended the connection. It is called again only after that. The array belongs to the receiver.
   *
   * It fails once with what broke the connection: a peer's fault, after the frames before it were given out; then a
   * further call still waits for the end. After {@link dispose} it gives null.
   */
  receive(receiver: BatchReceiver): void;

  /**
   * Resolves when the end is in sight: a Close frame or a fault of the peer's has arrived, or the connection has ended. What
   * {@link receive} still has to give is little then.
   */
  readonly ending: Promise<void>;

  /** How many bytes have arrived in all: what keepalive takes as a sign of life. */
  readonly bytesReceived: number;

  /**
   * Accepts a frame to be written; its payload is copied. It does not wait: the session keeps the bounds.
   *
   * @returns false when nothing may be sent any more
   * @throws {@link InvalidArgumentError} for a frame that would break the protocol at this point
   */
  send(frame: Frame, options?: EncodeOptions): boolean;

  /**
   * Refuses a Close frame of the caller's that cannot be sent as it is. Without it any can. One of our own, which does not
   * come here, becomes what can be sent.
   *
   * @throws {@link UnsupportedCapabilityError}
   */
  checkClose?(frame: Frame.Close): void;

  /** Refuses pings where they cannot be sent. Without it they can. @throws {@link UnsupportedCapabilityError} */
  checkPing?(): void;

  /** What was accepted, and how far it has come. */
  readonly output: Output;

  /** Whether frames are masked: true on a client (RFC 6455 section 5.1). */
  readonly masking: boolean;
  /** The largest frame that is received, in bytes. */
  maxFrameSize: number;

  /**
   * From now on {@link receive} may give data messages in pieces, as they arrive: frames of which only the last of a
   * message has `fin`. An engine that gets whole messages goes on to give them.
   */
  stream(): void;

  /** Drops the connection now, after one attempt to write what is pending, and releases all it holds. Idempotent. */
  dispose(): void;
}
