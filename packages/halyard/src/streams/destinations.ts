// SPDX-License-Identifier: Apache-2.0
import { FrameTooBigError } from "../protocol/errors.ts";
import { Frame, wholeFromWire } from "../protocol/frame.ts";
import { PayloadBuffer } from "../protocol/payload-buffer.ts";
import { onAbort } from "../session/abort-listeners.ts";
import { bounded } from "../session/bounds.ts";
import { Channel } from "../session/channel.ts";
import { done } from "../session/waiting.ts";
import { BinaryMessageStream, type MessageStream, TextMessageStream } from "./message-stream.ts";

/** What is taken from the connection ahead of a stream's reader. */
const aheadBytes = 256 * 1024;

/** How one message is to be read. Sizes in bytes, of text as UTF-8; Infinity for no limit. */
export interface StreamLimits {
  readonly maxMessageSize: number;
  readonly maxChunkSize: number;
}

/** Where the pieces of one message go. */
export interface Destination {
  hasRoom(piece: Frame): boolean;
  /** Resolves when {@link hasRoom} may have changed. */
  room(): Promise<void>;
  push(piece: Frame): void;
  /** The rest of the message will not come. */
  end(error: unknown): void;
}

/** A message that is read as a stream. */
export class Streaming implements Destination {
  /** What the reader gets. */
  readonly stream: MessageStream;
  readonly #pieces: Channel<Uint8Array> = new Channel(
    bounded({ bytes: aheadBytes }),
    (piece) => piece.length,
  );
  readonly #maxMessageSize: number;
  readonly #release: (() => void) | undefined;
  readonly #fail: (error: FrameTooBigError) => void;
  #size = 0;

  constructor(
    type: Frame["type"],
    { maxMessageSize, maxChunkSize }: StreamLimits,
    signal: AbortSignal | undefined,
    fail: (error: FrameTooBigError) => void,
  ) {
    const Stream = type === "text" ? TextMessageStream : BinaryMessageStream;
    this.stream = new Stream(this.#pieces, maxChunkSize, signal);
    this.#maxMessageSize = maxMessageSize;
    this.#fail = fail;
    // The reader may be busy, or never come: the connection must not wait for that.
    this.#release = signal && onAbort(signal, () => this.#pieces.cancel());
  }

  hasRoom({ data }: Frame): boolean {
    return this.#pieces.hasRoom(data);
  }

  room(): Promise<void> {
    return this.#pieces.room();
  }

  push({ data, fin }: Frame): void {
    this.#size += data.length;
    if (this.#size > this.#maxMessageSize) {
      const error = new FrameTooBigError("maxMessageSize", this.#size, this.#maxMessageSize);
      this.end(error);
      this.#fail(error);
    }
    // What was ended takes nothing more.
    if (data.length > 0) this.#pieces.push(data);
    if (!fin) return;
    this.#release?.();
    this.#pieces.end();
  }

  end(error: unknown): void {
    this.#release?.();
    this.#pieces.end(error, false);
  }
}

/** A message that goes to the incoming channel, whole. */
export class Joining implements Destination {
  readonly #deliver: (message: Frame) => void;
  readonly #maxSize: number;
  readonly #refuse: (error: FrameTooBigError) => void;
  readonly #payload = new PayloadBuffer();
  #hasEnded = false;

  /** @param refuse - called, instead of `deliver`, for a message that is too large */
  constructor(deliver: (message: Frame) => void, maxSize: number, refuse: (error: FrameTooBigError) => void) {
    this.#deliver = deliver;
    this.#maxSize = maxSize;
    this.#refuse = refuse;
  }

  hasRoom(): boolean {
    return true;
  }

  room(): Promise<void> {
    return done;
  }

  push(piece: Frame): void {
    if (this.#hasEnded) return;
    const { type, data, fin } = piece;
    const size = this.#payload.size + data.length;
    if (size > this.#maxSize) {
      this.end();
      this.#refuse(new FrameTooBigError("maxMessageSize", size, this.#maxSize));
      return;
    }
    // Whole as it came, it may be marked as known text.
    if (fin && size === data.length) return this.#deliver(piece);
    this.#payload.append(data, 0, data.length, data.length, fin);
    if (!fin) return;
    const payload = this.#payload.take();
    this.#deliver(type === "text" ? new Frame.Text(payload, wholeFromWire) : new Frame.Binary(payload));
  }

  end(): void {
    this.#hasEnded = true;
    this.#payload.take();
  }
}

/** For a message that nobody will ask for. */
export const nowhere: Destination = {
  hasRoom: () => true,
  room: () => done,
  push: () => undefined,
  end: () => undefined,
};
