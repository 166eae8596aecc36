// SPDX-License-Identifier: Apache-2.0
import type { Frame } from "../protocol/frame.ts";
import type { Channel } from "./channel.ts";
import { ChannelOverflowError } from "./errors.ts";
import type { FrameSink } from "./frame-sink.ts";
import type { BatchReceiver, Transport } from "./transport.ts";
import { done } from "./waiting.ts";

/** How many turns of promises a reader has to take one message. */
const readerTurns = 10;

/** The session, as the way of its frames sees it: methods, where closures would be 300 bytes of each session. */
export interface ReceivingOwner {
  /** Looks at a frame before it goes on. @returns whether it was for the session itself */
  consume(frame: Frame): boolean;
  closeReceived(frame: Frame.Close): void;
  /** Called before and after a wait in which nothing is read. */
  readingPaused(isPaused: boolean): void;
  /** A channel that must not wait is full. */
  incomingOverflowed(error: ChannelOverflowError): void;
  /** Nothing more is read. @param error - undefined when the peer has ended the connection */
  receivingEnded(error: unknown): void;
}

/** The way of frames from the transport to `incoming`, or to where messages are read as streams. It pulls only what finds room. */
export class Receiving implements BatchReceiver {
  sink: FrameSink;
  readonly #transport: Transport;
  readonly #incoming: Channel<Frame>;
  readonly #owner: ReceivingOwner;
  /** Whether the bounds of `incoming` are lifted as soon as the end is in sight. */
  #awaitsEnding = false;

  constructor(transport: Transport, incoming: Channel<Frame>, owner: ReceivingOwner) {
    this.sink = incoming;
    this.#transport = transport;
    this.#incoming = incoming;
    this.#owner = owner;
  }

  /** Asks for the next frames. */
  goOn(): void {
    this.#transport.receive(this);
  }

  /** What still comes when the end is in sight is little, and to wait for its reader would hide the end from everybody else. */
  liftBoundsAtEnd(): void {
    if (this.#awaitsEnding) return;
    this.#awaitsEnding = true;
    void this.#transport.ending.then(() => this.#incoming.liftBounds());
  }

  /** Of the transport, which may call in the middle of its work: what it gives is looked at in the next turn of promises. */
  received(batch: Frame[] | null): void {
    void done.then(() => this.#take(batch));
  }

  receivingFailed(error: unknown): void {
    void done.then(() => this.#owner.receivingEnded(error));
  }

  #take(batch: Frame[] | null): void {
    if (batch === null) return this.#owner.receivingEnded(undefined);
    try {
      const next = this.#push(batch, 0);
      if (next === batch.length) this.goOn();
      else void this.#pushLater(batch, next);
    } catch (error) {
      this.#owner.receivingEnded(error);
    }
  }

  async #pushLater(batch: readonly Frame[], from: number): Promise<void> {
    try {
      for (let next = from; next < batch.length; next = this.#push(batch, next)) {
        await this.#makeRoom(batch[next] as Frame);
      }
      this.goOn();
    } catch (error) {
      this.#owner.receivingEnded(error);
    }
  }

  /**
   * Gives frames to the session and the sink, from the given one on.
   * @returns which one has to wait for room, or the end of the batch
   */
  #push(batch: readonly Frame[], from: number): number {
    for (let at = from; at < batch.length; at++) {
      const frame = batch[at] as Frame;
      if (this.#owner.consume(frame)) continue;
      // Looked up each time: behind a wait it may be another one.
      const { sink } = this;
      if (!sink.hasRoom(frame)) return at;
      sink.push(frame);
      if (frame.type === "close") this.#owner.closeReceived(frame);
    }
    return batch.length;
  }

  async #makeRoom(frame: Frame): Promise<void> {
    this.liftBoundsAtEnd();
    const { messages, bytes, onOverflow } = this.#incoming.bounds;
    if (onOverflow === "close" && this.sink === this.#incoming) {
      // A batch comes at once, and a reader that keeps up has had no turn since: that is no overflow.
      for (let turn = 0; turn < readerTurns; turn++) {
        await Promise.resolve();
        if (this.#incoming.hasRoom(frame)) return;
      }
      const text = `the incoming channel is full (${messages} messages or ${bytes} bytes)`;
      this.#owner.incomingOverflowed(new ChannelOverflowError(text));
      return;
    }
    this.#owner.readingPaused(true);
    while (!this.sink.hasRoom(frame)) await this.sink.room();
    this.#owner.readingPaused(false);
  }
}
