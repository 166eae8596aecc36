// SPDX-License-Identifier: Apache-2.0
import { FrameTooBigError } from "../protocol/errors.ts";
import { Frame, wholeFromWire } from "../protocol/frame.ts";
import { PayloadBuffer } from "../protocol/payload-buffer.ts";
import { bounded } from "../session/bounds.ts";
import { Channel } from "../session/channel.ts";
import { ChannelClosedError } from "../session/errors.ts";
import type { FrameSink } from "../session/frame-sink.ts";
import { Deferred, done } from "../session/waiting.ts";
import { BinaryMessageStream, type MessageStream, TextMessageStream } from "./message-stream.ts";

/** What is taken from the connection ahead of a stream's reader. */
const aheadBytes = 256 * 1024;

/** How one message is to be read. Sizes in bytes, of text as UTF-8; Infinity for no limit. */
export interface StreamLimits {
  readonly maxMessageSize: number;
  readonly maxChunkSize: number;
}

/** A call that waits for a message. */
interface Reader {
  readonly limits: StreamLimits;
  readonly signal: AbortSignal | undefined;
  readonly stream: Deferred<MessageStream>;
}

/** Where the pieces of one message go. */
interface Destination {
  hasRoom(piece: Frame): boolean;
  /** Resolves when {@link hasRoom} may have changed. */
  room(): Promise<void>;
  push(piece: Frame): void;
  /** The rest of the message will not come. */
  end(error: unknown): void;
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
    void this.#destination?.room().then(() => this.#signalChange());
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
    for (const reader of this.#readers.splice(0)) reader.stream.reject(error);
    this.#signalChange();
  }

  /** Who gets the message that begins with the piece; null while nobody waits. */
  #choose(piece: Frame): Destination | null {
    const reader = this.#readers.shift();
    if (reader !== undefined) return this.#serve(reader, piece);
    const isClosed = this.#hasEnded || this.#incoming.isClosedForReceive;
    if (!isClosed && (this.#incoming.isAwaited || this.#isUnbounded)) {
      return new Joining((message) => this.#deliver(message), this.#maxMessageSize, this.#fail);
    }
    if (!isClosed && !this.#isLossy) return null;
    this.#dropped++;
    return nowhere;
  }

  /** Makes the stream of the message that begins with the piece. */
  #serve({ limits, signal, stream }: Reader, piece: Frame): Streaming {
    const streaming = new Streaming(limits, this.#fail);
    const { chunks } = streaming;
    stream.resolve(
      piece.type === "text" ? new TextMessageStream(chunks, signal) : new BinaryMessageStream(chunks, signal),
    );
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
    const release = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort, { once: true });
    stream.promise.then(release, release);
    this.#readers.push(reader);
    this.#signalChange();
  }

  #signalChange(): void {
    this.#changed?.resolve();
    this.#changed = null;
  }
}

/** A message that is read as a stream. */
class Streaming implements Destination {
  readonly chunks: Channel<Uint8Array> = new Channel(bounded({ bytes: aheadBytes }), (chunk) => chunk.length);
  readonly #limits: StreamLimits;
  readonly #fail: (error: FrameTooBigError) => void;
  #size = 0;

  constructor(limits: StreamLimits, fail: (error: FrameTooBigError) => void) {
    this.#limits = limits;
    this.#fail = fail;
  }

  hasRoom({ data }: Frame): boolean {
    return this.chunks.hasRoom(data);
  }

  room(): Promise<void> {
    return this.chunks.room();
  }

  push({ data, fin }: Frame): void {
    const { maxMessageSize, maxChunkSize } = this.#limits;
    this.#size += data.length;
    if (this.#size > maxMessageSize) {
      const error = new FrameTooBigError("maxMessageSize", this.#size, maxMessageSize);
      this.end(error);
      this.#fail(error);
    }
    // What was ended takes nothing more.
    for (let at = 0; at < data.length; at += maxChunkSize) {
      this.chunks.push(data.subarray(at, Math.min(at + maxChunkSize, data.length)));
    }
    if (fin) this.chunks.end();
  }

  end(error: unknown): void {
    this.chunks.end(error, false);
  }
}

/** A message that a receiver of the incoming channel waits for. */
class Joining implements Destination {
  readonly #deliver: (message: Frame) => void;
  readonly #maxSize: number;
  readonly #fail: (error: FrameTooBigError) => void;
  readonly #payload = new PayloadBuffer();

  constructor(deliver: (message: Frame) => void, maxSize: number, fail: (error: FrameTooBigError) => void) {
    this.#deliver = deliver;
    this.#maxSize = maxSize;
    this.#fail = fail;
  }

  hasRoom(): boolean {
    return true;
  }

  room(): Promise<void> {
    return done;
  }

  push(piece: Frame): void {
    const { type, data, fin } = piece;
    const size = this.#payload.size + data.length;
    if (size > this.#maxSize) {
      this.end();
      this.#fail(new FrameTooBigError("maxMessageSize", size, this.#maxSize));
      return;
    }
    if (fin && size === data.length) return this.#deliver(piece);
    this.#payload.append(data, 0, data.length, data.length, fin);
    if (!fin) return;
    const payload = this.#payload.take();
    this.#deliver(type === "text" ? new Frame.Text(payload, wholeFromWire) : new Frame.Binary(payload));
  }

  end(): void {
    this.#payload.take();
  }
}

/** For a message that nobody will ask for. */
const nowhere: Destination = {
  hasRoom: () => true,
  room: () => done,
  push: () => undefined,
  end: () => undefined,
};

function cutShort(): ChannelClosedError {
  return new ChannelClosedError("the session was closed before the message had been received to its end");
}
