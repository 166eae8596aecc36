// SPDX-License-Identifier: Apache-2.0
import type { ClosingHandshake } from "../protocol/closing-handshake.ts";
import type { Connection } from "../protocol/connection.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Transport } from "../session/transport.ts";
import { Deferred } from "../session/waiting.ts";
import { socketError } from "./socket-errors.ts";
import type { ByteSink, SocketStream } from "./socket-stream.ts";

/**
 * A protocol connection over a socket. It reads one batch ahead; only when a second read finds that batch not taken is
 * the socket paused. What is sent in one turn leaves in one write; while a write is under way, the next one gathers.
 */
export class SocketTransport implements Transport, ByteSink {
  readonly masking: boolean;
  bytesReceived = 0;
  framesWritten = 0;
  readonly #stream: SocketStream;
  readonly #connection: Connection;
  readonly #url: string | undefined;
  /** The batch read ahead. */
  #ahead: Frame[] | null = null;
  #receiver: Deferred<Frame[] | null> | null = null;
  #isPaused = false;
  #hasEnded = false;
  #isGone = false;
  #isDisposed = false;
  /** What is to be told once, behind the frames that came before it. */
  #error: Error | null = null;
  #isBroken = false;
  #flushScheduled = false;
  #endSent = false;
  #framesInFlight = 0;
  #bytesInFlight = 0;
  #progress: Deferred<boolean> | null = null;

  /**
   * @param early - bytes that came behind the handshake; they need to be valid only during the call
   * @param url - for errors, free of secrets
   */
  constructor(
    stream: SocketStream,
    connection: Connection,
    options: { readonly masking: boolean; readonly early: Uint8Array; readonly url?: string | undefined },
  ) {
    this.#stream = stream;
    this.#connection = connection;
    this.masking = options.masking;
    this.#url = options.url;
    stream.attach(this);
    if (options.early.length > 0 && !this.received(options.early)) stream.pause();
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

  get pendingFrames(): number {
    return this.#connection.outputFrames + this.#framesInFlight;
  }

  get pendingBytes(): number {
    return this.#connection.outputBytes + this.#bytesInFlight;
  }

  receive(): Promise<Frame[] | null> {
    const receiver = new Deferred<Frame[] | null>();
    this.#receiver = receiver;
    if (this.#ahead === null && this.#connection.hasInput) this.#proceed();
    else this.#settleReceiver();
    if (!this.#connection.hasInput) this.#resume();
    return receiver.promise;
  }

  send(frame: Frame): boolean {
    const accepted = !this.#isGone && this.#connection.send(frame);
    if (accepted) this.#scheduleFlush();
    return accepted;
  }

  progress(): Promise<boolean> {
    if (this.#isGone) return Promise.resolve(false);
    if (this.pendingBytes === 0) return Promise.resolve(true);
    this.#progress ??= new Deferred();
    return this.#progress.promise;
  }

  dispose(): void {
    if (this.#isGone) return;
    this.#isDisposed = true;
    this.#flush();
    this.#stream.destroy();
    this.#gone();
  }

  /** @internal */
  received(chunk: Uint8Array): boolean {
    this.bytesReceived += chunk.length;
    const wasAhead = this.#ahead !== null;
    this.#connection.receive(chunk);
    this.#advance();
    if (this.#connection.hasInput) this.#connection.retain();
    this.#isPaused = this.#connection.hasInput || (wasAhead && this.#ahead !== null);
    return !this.#isPaused;
  }

  /** @internal */
  ended(): void {
    this.#hasEnded = true;
    this.#settleReceiver();
    this.#end();
  }

  /** @internal */
  closed(error: Error | undefined): void {
    const phase = this.#connection.closing.initiator === null ? "open" : "closing";
    if (error !== undefined && !this.#isGone) this.#break(socketError(error, phase, this.#url));
    this.#gone();
  }

  /**
   * Goes on with what was read. Where that ends what can be sent, a turn of the loop passes first, so that what a loop
   * over `incoming` answers to the messages before a Close frame, or before a fault, still goes out.
   */
  #proceed(): void {
    if (!this.#connection.endsNext) return this.#advance();
    setImmediate(() => {
      this.#advance();
      this.#resume();
    });
  }

  /** Makes a batch of the bytes at hand and gives it to who waits. */
  #advance(): void {
    const batch = this.#connection.take();
    if (batch.length > 0) {
      this.#ahead = this.#ahead === null ? batch : this.#ahead.concat(batch);
    }
    const { failure } = this.#connection.closing;
    if (failure !== null) this.#break(failure);
    if (this.#connection.hasOutput || this.#connection.endsAfterOutput) this.#scheduleFlush();
    this.#settleReceiver();
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
    if (this.#ahead !== null) {
      receiver.resolve(this.#ahead);
      this.#ahead = null;
    } else if (this.#connection.hasInput && !this.#isDisposed) {
      return;
    } else if (this.#error !== null) {
      receiver.reject(this.#error);
      this.#error = null;
    } else if (this.#hasEnded) {
      receiver.resolve(null);
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

  /** Not a microtask: a loop over `incoming` runs in those, and its answers shall leave together. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    process.nextTick(() => {
      this.#flushScheduled = false;
      if (!this.#isGone) this.#flush();
    });
  }

  #flush(): void {
    if (this.#bytesInFlight > 0) return;
    if (this.#connection.hasOutput) this.#write();
    else if (this.#connection.endsAfterOutput) this.#end();
  }

  #write(): void {
    this.#framesInFlight = this.#connection.outputFrames;
    const chunks = this.#connection.takeOutput();
    for (const chunk of chunks) this.#bytesInFlight += chunk.length;
    this.#stream.write(chunks, () => {
      this.framesWritten += this.#framesInFlight;
      this.#framesInFlight = 0;
      this.#bytesInFlight = 0;
      this.#tellProgress(true);
      if (this.#connection.hasOutput || this.#connection.endsAfterOutput) this.#scheduleFlush();
    });
  }

  #end(): void {
    if (this.#endSent || this.#isGone) return;
    this.#endSent = true;
    if (this.#connection.hasOutput && this.#bytesInFlight === 0) this.#write();
    this.#stream.end();
  }

  #gone(): void {
    this.#isGone = true;
    this.#hasEnded = true;
    this.#tellProgress(false);
    this.#settleReceiver();
  }

  #tellProgress(isAlive: boolean): void {
    this.#progress?.resolve(isAlive);
    this.#progress = null;
  }
}
