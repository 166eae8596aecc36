// SPDX-License-Identifier: Apache-2.0
import type { FrameTooBigError } from "../protocol/errors.ts";
import type { Frame } from "../protocol/frame.ts";
import { onAbort } from "../session/abort-listeners.ts";
import type { Channel } from "../session/channel.ts";
import { errorOf } from "../session/clean-end.ts";
import { ChannelClosedError } from "../session/errors.ts";
import type { FrameSink } from "../session/frame-sink.ts";
import { Deferred } from "../session/waiting.ts";
import { type Destination, Joining, nowhere, Streaming, type StreamLimits } from "./destinations.ts";
import type { MessageStream } from "./message-stream.ts";

/** A call that waits for a message. */
interface Reader {
  readonly limits: StreamLimits;
  readonly signal: AbortSignal | undefined;
  readonly stream: Deferred<MessageStream>;
}

/**
 * Gives each message, as it begins, to who waits for it: a stream, or else a receiver of the incoming channel, for whom
 * its pieces are joined. Where nobody waits the message does, and with it the connection.
 */
export class MessageRouter implements FrameSink {
  readonly #incoming: Channel<Frame>;
  readonly #maxMessageSize: number;
  readonly #fail: (error: FrameTooBigError) => void;
  #readers: Reader[] = [];
  /** Of the message in progress. */
  #destination: Destination | null = null;
  #isLossy = false;
  #isUnbounded = false;
  #hasEnded = false;
  #dropped = 0;
  #changed: Deferred<void> | null = null;

  /**
   * @param maxMessageSize - of the messages that are joined
   * @param fail - ends the session for a message past its limit
   */
  constructor(incoming: Channel<Frame>, maxMessageSize: number, fail: (error: FrameTooBigError) => void) {
    this.#incoming = incoming;
    this.#maxMessageSize = maxMessageSize;
    this.#fail = fail;
    incoming.onWait = () => this.#signalChange();
  }

  get discarded(): number {
    return this.#dropped + this.#incoming.discarded;
  }

  /** The next message. */
  receive(limits: StreamLimits, signal: AbortSignal | undefined): Promise<MessageStream> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const reader: Reader = { limits, signal, stream: new Deferred() };
    const whole = this.#incoming.tryReceive();
    if (whole !== undefined) {
      this.#serve(reader, whole).push(whole);
    } else if (this.#incoming.isClosedForReceive) {
      // It tells why.
      this.#incoming.receive().catch(reader.stream.reject);
    } else {
      this.#wait(reader);
    }
    return reader.stream.promise;
  }

  hasRoom(piece: Frame): boolean {
    this.#destination ??= this.#choose(piece);
    return this.#isLossy || this.#isUnbounded || (this.#destination?.hasRoom(piece) ?? false);
  }

  room(): Promise<void> {
    this.#changed ??= new Deferred();
    const { promise } = this.#changed;
    const changes = this.#destination ?? this.#incoming;
    void changes.room().then(() => this.#signalChange());
    return promise;
  }

  push(piece: Frame): void {
    const destination = this.#destination;
    // With a piece missing, the rest is no message.
    if (!this.#isUnbounded && destination?.hasRoom(piece) === false) destination.end(cutShort());
    destination?.push(piece);
    if (piece.fin) this.#destination = null;
  }

  dropWhenFull(): void {
    this.#isLossy = true;
    this.#incoming.dropWhenFull();
    this.#signalChange();
  }

  liftBounds(): void {
    this.#isUnbounded = true;
    this.#incoming.liftBounds();
    this.#signalChange();
  }

  end(error: unknown, isClean: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#destination?.end(isClean ? cutShort() : error);
    this.#incoming.end(error, isClean);
    for (const reader of this.#readers.splice(0)) reader.stream.reject(errorOf(error));
    this.#signalChange();
  }

  /** Who gets the message that begins with the piece; null while nobody waits. */
  #choose(piece: Frame): Destination | null {
    const reader = this.#readers.shift();
    if (reader !== undefined) return this.#serve(reader, piece);
    const isClosed = this.#hasEnded || this.#incoming.isClosedForReceive;
    if (isClosed) {
      this.#dropped++;
      return nowhere;
    }
    if (this.#incoming.isAwaited) return this.#join(this.#fail);
    // Nobody waits, and nothing waits for somebody any more: the channel takes what it has room for.
    if (this.#isLossy || this.#isUnbounded) return this.#join(() => this.#dropped++);
    return null;
  }

  #join(refuse: (error: FrameTooBigError) => void): Joining {
    return new Joining((message) => this.#deliver(message), this.#maxMessageSize, refuse);
  }

  /** Makes the stream of the message that begins with the piece. */
  #serve({ limits, signal, stream }: Reader, piece: Frame): Streaming {
    const streaming = new Streaming(piece.type, limits, signal, this.#fail);
    stream.resolve(streaming.stream);
    return streaming;
  }

  /** Who wanted the joined message may have gone meanwhile. */
  #deliver(message: Frame): void {
    const reader = this.#incoming.isAwaited ? undefined : this.#readers.shift();
    if (reader === undefined) this.#incoming.push(message);
    else this.#serve(reader, message).push(message);
  }

  #wait(reader: Reader): void {
    const { signal, stream } = reader;
    const abort = () => {
      this.#readers = this.#readers.filter((other) => other !== reader);
      stream.reject(signal?.reason);
    };
    const stopListening = signal && onAbort(signal, abort);
    const release = () => stopListening?.();
    stream.promise.then(release, release);
    this.#readers.push(reader);
    this.#signalChange();
  }

  #signalChange(): void {
    this.#changed?.resolve();
    this.#changed = null;
  }
}

function cutShort(): ChannelClosedError {
  return new ChannelClosedError("the session was closed before the message had been received to its end");
}
