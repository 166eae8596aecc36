// SPDX-License-Identifier: Apache-2.0
import type { ClosingHandshake } from "../protocol/closing-handshake.ts";
import { batchWork, type Connection } from "../protocol/connection.ts";
import type { EncodeOptions } from "../protocol/extension.ts";
import type { Frame } from "../protocol/frame.ts";
import { turned } from "../session/pace.ts";
import type { BatchReceiver, Transport } from "../session/transport.ts";
import { Deferred } from "../session/waiting.ts";
import type { ByteSink, ByteStream } from "./byte-stream.ts";
import { socketError } from "./socket-errors.ts";
import { SocketWriter } from "./socket-writer.ts";

/** How much is decoded ahead of the session; past it the codec's next result waits until the session has taken that. */
const aheadBytes = 2 ** 20;

/**
 * A protocol connection over a socket. It reads one batch ahead; only when a second read finds that batch not taken is
 * the socket paused.
 */
export class SocketTransport implements Transport, ByteSink {
  readonly masking: boolean;
  readonly output: SocketWriter;
  bytesReceived = 0;
  readonly #stream: ByteStream;
  readonly #connection: Connection;
  readonly #url: string | undefined;
  /** The batch read ahead. */
  #ahead: Frame[] | null = null;
  #aheadBytes = 0;
  #receiver: BatchReceiver | null = null;
  #isPaused = false;
  #hasEnded = false;
  #isGone = false;
  #isDisposed = false;
  /** What is to be told once, behind the frames that came before it. */
  #error: Error | null = null;
  #isBroken = false;
  /** How much the connection had done when the event loop was last left a turn. */
  #turnStart = 0;
  /** Whether nothing more is done before the next turn. */
  #isResting = false;
  /** Whether the end that was found is acted on in the next turn. */
  #isEndDue = false;
  #isEnding = false;
  /** Made when somebody asks. */
  #ending: Deferred<void> | null = null;
  /** The job of the codec that is waited for. */
  #decoding: Promise<Uint8Array> | null = null;

  /**
   * @param early - bytes that came behind the handshake; they need to be valid only during the call
   * @param url - for errors, free of secrets
   */
  constructor(
    stream: ByteStream,
    connection: Connection,
    options: { readonly masking: boolean; readonly early: Uint8Array; readonly url?: string | undefined },
  ) {
    this.#stream = stream;
    this.#connection = connection;
    this.output = new SocketWriter(stream, connection, this);
    this.masking = options.masking;
    this.#url = options.url;
    stream.attach(this);
    if (options.early.length > 0 && !this.received(options.early, false)) stream.pause();
    else stream.resume();
  }

  get closing(): ClosingHandshake {
    return this.#connection.closing;
  }

  get maxFrameSize(): number {
    return this.#connection.maxFrameSize;
  }

  set maxFrameSize(bytes: number) {
    this.#connection.maxFrameSize = bytes;
  }

  stream(): void {
    this.#connection.stream();
  }

  get ending(): Promise<void> {
    this.#ending ??= new Deferred();
    if (this.#isEnding) this.#ending.resolve();
    return this.#ending.promise;
  }

  receive(receiver: BatchReceiver): void {
    this.#receiver = receiver;
    if (!this.#hasDoneEnough()) this.#goOn();
  }

  /**
   * Leaves the event loop a turn when enough was done in this one. A program that keeps up is driven by promises alone, and
   * one poll reads eight megabytes of a socket: timers and other connections would have to wait for all of it.
   *
   * @returns whether nothing more is to be done in this turn
   */
  #hasDoneEnough(): boolean {
    if (this.#connection.work - this.#turnStart >= batchWork) this.#leaveATurn();
    return this.#isResting;
  }

  #leaveATurn(): void {
    if (this.#isResting) return;
    this.#isResting = true;
    setImmediate(() => {
      this.#isResting = false;
      this.#turnStart = this.#connection.work;
      this.#goOn();
    });
  }

  #goOn(): void {
    if (this.#ahead === null && this.#connection.hasInput) this.#proceed();
    else this.#settleReceiver();
    if (!this.#connection.hasInput) this.#resume();
  }

  send(frame: Frame, options?: EncodeOptions): boolean {
    const accepted = !this.#isGone && this.#connection.send(frame, options);
    if (accepted) this.output.schedule();
    return accepted;
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (!this.#isGone) {
      this.output.flush();
      this.#stream.destroy();
      this.#gone();
    }
    // Not when the connection goes: a message that has arrived may still be with the codec.
    this.#connection.dispose();
    this.#settleReceiver();
  }

  /** @internal */
  received(chunk: Uint8Array, isGiven: boolean): boolean {
    turned();
    this.bytesReceived += chunk.length;
    const wasAhead = this.#ahead !== null;
    this.#connection.receive(chunk, isGiven);
    // What comes in spite of a pause waits.
    if (!this.#isResting && !this.#connection.endsNext) this.#advance();
    if (this.#connection.hasInput) this.#connection.retain();
    this.#isPaused = this.#hasDoneEnough() || this.#connection.hasInput || (wasAhead && this.#ahead !== null);
    return !this.#isPaused;
  }

  /** @internal */
  wantedMemory(): Uint8Array | null {
    return this.#connection.wantedMemory();
  }

  /** @internal */
  ended(): void {
    this.#hasEnded = true;
    this.#endIsInSight();
    this.#settleReceiver();
    if (!this.#connection.endsNext) this.#endOutput();
  }

  /** @internal */
  closed(error: Error | undefined): void {
    // No answer goes out any more.
    if (this.#connection.endsNext) this.#advance();
    const phase = this.#connection.closing.initiator === null ? "open" : "closing";
    if (error !== undefined && !this.#isGone) this.#break(socketError(error, phase, this.#url));
    this.#gone();
  }

  /**
   * Goes on with what was read. Where that ends what can be sent, a turn of the loop passes first, so that what a loop
   * over `incoming` answers to the messages before a Close frame, or before a fault, still goes out. They may have come by
   * an earlier read: Deno reads more than once before that loop has run.
   */
  #proceed(): void {
    if (!this.#connection.endsNext) return this.#advance();
    if (this.#isEndDue) return;
    this.#isEndDue = true;
    setImmediate(() => {
      this.#isEndDue = false;
      this.#advance();
      if (this.#hasEnded) this.#endOutput();
      if (!this.#connection.hasInput) this.#resume();
    });
  }

  /** Closed cleanly, the socket is about to be destroyed: to end our side before that is a call of the system for nothing. */
  #endOutput(): void {
    if (!this.closing.isComplete) this.output.end();
  }

  /** Makes a batch of the bytes at hand and gives it to who waits. */
  #advance(): void {
    // Else a Close frame that nobody can answer any more would count as answered.
    if (this.#isDisposed) return;
    const batch = this.#take();
    if (batch.length > 0) {
      this.#ahead = this.#ahead === null ? batch : this.#ahead.concat(batch);
      for (const { size } of batch) this.#aheadBytes += size;
    }
    const { failure, received } = this.#connection.closing;
    if (failure !== null) this.#break(failure);
    if (failure !== null || received !== null || this.#connection.endsNext) this.#endIsInSight();
    this.#awaitDecoding();
    this.output.schedule();
    this.#settleReceiver();
    if (batch.length > 0) return;
    if (this.#connection.endsNext) this.#proceed();
    else if (this.#hasMore) this.#leaveATurn();
  }

  /** Whether the connection can go on by itself. */
  get #hasMore(): boolean {
    const { hasInput, decoding } = this.#connection;
    return hasInput && decoding === null;
  }

  #take(): Frame[] {
    try {
      return this.#connection.take(true);
    } catch (error) {
      // Without this message the ones behind it would make no sense.
      this.#connection.dispose();
      this.codecFailed(error);
      return [];
    }
  }

  #endIsInSight(): void {
    this.#isEnding = true;
    this.#ending?.resolve();
  }

  /** Only the first error counts. */
  #break(error: Error): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#error = error;
  }

  /** First what has arrived, then once what went wrong, then the end. */
  #settleReceiver(): void {
    const receiver = this.#receiver;
    if (receiver === null) return;
    if (this.#isResting && !this.#isDisposed) return;
    if (this.#ahead !== null) {
      receiver.received(this.#ahead);
      this.#ahead = null;
      this.#aheadBytes = 0;
    } else if (this.#connection.hasInput && !this.#isDisposed) {
      return;
    } else if (this.#error !== null) {
      receiver.receivingFailed(this.#error);
      this.#error = null;
    } else if (this.#hasEnded) {
      receiver.received(null);
    } else {
      return;
    }
    this.#receiver = null;
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#stream.resume();
  }

  #awaitDecoding(): void {
    const { decoding } = this.#connection;
    if (decoding === null || decoding === this.#decoding) return;
    this.#decoding = decoding;
    const goOn = () => {
      if (this.#aheadBytes >= aheadBytes || this.#hasDoneEnough()) return;
      this.#advance();
      if (!this.#connection.hasInput) this.#resume();
    };
    decoding.then(
      (payload) => {
        this.#connection.decoded(payload);
        goOn();
      },
      (error: unknown) => {
        this.#connection.decodingFailed(error);
        goOn();
      },
    );
  }

  /**
   * What fails on our side is no fault of the peer's; but the rest of the message, or of the context, would make no sense.
   * @internal
   */
  codecFailed(error: unknown): void {
    if (this.#isGone) return;
    this.#break(error instanceof Error ? error : new Error(String(error)));
    this.#stream.destroy();
  }

  #gone(): void {
    this.#isGone = true;
    this.#hasEnded = true;
    this.#endIsInSight();
    this.output.stop();
    this.#settleReceiver();
  }
}
