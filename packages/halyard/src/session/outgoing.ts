// SPDX-License-Identifier: Apache-2.0
import type { BinaryData } from "../protocol/bytes.ts";
import { CloseReason } from "../protocol/close-reason.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { EncodeOptions } from "../protocol/extension.ts";
import { Frame } from "../protocol/frame.ts";
import type { ChannelBounds } from "./bounds.ts";
import { ChannelClosedError, ChannelOverflowError } from "./errors.ts";
import { Fragments, type MessageParts } from "./fragments.ts";
import type { Transport } from "./transport.ts";
import { Deferred, done, observe, unlessAborted, type WaitOptions } from "./waiting.ts";

/** What may be said of one message. */
export interface SendOptions extends WaitOptions, EncodeOptions {}

/** The sending side of a channel. Ktor: `kotlinx.coroutines.channels.SendChannel`. */
export interface SendChannel<T> {
  /**
   * Resolves when the element is in the bounded queue; waits while the queue is full. It was copied at the call.
   * Concurrent calls keep their order. An aborted call sends nothing.
   *
   * @throws {@link ChannelClosedError} when the channel is closed, else what ended the session
   * @throws {@link ChannelOverflowError} when the queue is full and bounded with `onOverflow: "close"`
   */
  send(element: T, options?: SendOptions): Promise<void>;
  /** Sends without waiting. @returns false when the queue is full or closed */
  trySend(element: T): boolean;
  /** Ends the channel after what was sent before; for a session that is `close()` with code 1000. */
  close(): void;
  /** Whether nothing more can be sent. */
  readonly isClosedForSend: boolean;
}

interface Waiter {
  /** What is to be sent; null when it is a message in parts, which wants the line for itself. */
  readonly frame: Frame | null;
  readonly options: EncodeOptions | undefined;
  readonly accepted: Deferred<void>;
  /** Stops listening to the waiter's signal. */
  readonly release: () => void;
}

/** A message in parts that has the line: no other message may come between its fragments (RFC 6455 section 5.4). */
interface LineHolder {
  /** Settles when the line is free again. */
  readonly released: Deferred<void>;
  /** Ends whatever the message waits for. */
  readonly life: AbortController;
}

/** The session, as its outgoing queue knows it. */
export interface OutgoingOwner {
  /** Begins the closing handshake with the given frame. */
  beginClose(frame: Frame.Close): void;
  /** Ends the session because the queue was full. */
  overflowed(error: ChannelOverflowError): void;
  /** Ends the session because a message in parts was begun and cannot be finished. */
  unfinished(error: unknown): void;
  /** Resolves when what ended the session is known, and who waits was turned away with that. */
  lost(): Promise<unknown>;
}

/**
 * The bounded queue before the wire. What it has accepted lies encoded in the transport already; who finds it full
 * waits here, in order.
 */
export class Outgoing implements SendChannel<Frame> {
  readonly #transport: Transport;
  readonly #bounds: ChannelBounds;
  readonly #owner: OutgoingOwner;
  #waiters: Waiter[] = [];
  #holder: LineHolder | null = null;
  /** Whether the caller has sent a fragment, and not yet the last of its message. */
  #isInMessage = false;
  #isPumping = false;
  #isClosed = false;
  /** What ended the session, for those who send later. */
  #error: unknown;
  #dropped = 0;

  constructor(transport: Transport, bounds: ChannelBounds, owner: OutgoingOwner) {
    this.#transport = transport;
    this.#bounds = bounds;
    this.#owner = owner;
  }

  get isClosedForSend(): boolean {
    return this.#isClosed;
  }

  /** How many frames of messages waited and were turned away when the session ended. */
  get dropped(): number {
    return this.#dropped;
  }

  send(frame: Frame, options?: SendOptions): Promise<void> {
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#isClosed) return Promise.reject(this.#endError());
    if (frame.type === "close") {
      this.#owner.beginClose(frame);
      return done;
    }
    if (this.#mustWait(frame)) {
      return this.#isOverflow(frame) ? this.#overflow() : this.#wait(frame, options);
    }
    try {
      return this.#give(frame, options) ? done : this.#refuseAtEnd();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  trySend(frame: Frame): boolean {
    if (this.#isClosed || this.#mustWait(frame)) return false;
    if (frame.type !== "close") return this.#give(frame, undefined);
    this.#owner.beginClose(frame);
    return true;
  }

  /**
   * Sends one message in fragments, one for each part, as they come. Until its end other messages wait; pings and pongs
   * pass. Resolves when its last fragment is in the queue.
   */
  async sendParts(parts: MessageParts, options?: SendOptions): Promise<void> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    if (this.#isClosed) throw this.#endError();
    if (this.#waiters.length > 0 || this.#holder !== null) await this.#wait(null, options);
    else this.#takeLine();
    const { life } = this.#holder as LineHolder;
    const abort = () => life.abort(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await this.#sendFragments(parts, options, life.signal);
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#releaseLine();
    }
  }

  close(): void {
    if (!this.#isClosed) this.#owner.beginClose(new Frame.Close({ code: CloseReason.Codes.NORMAL }));
  }

  /** Resolves when all that was sent before the call was handed to the operating system. */
  async flush(): Promise<void> {
    // One that was aborted meanwhile, or cannot be sent, is its own caller's affair.
    if (this.#waiters.length > 0)
      await Promise.allSettled(this.#waiters.map((waiter) => waiter.accepted.promise));
    while (this.#holder !== null) await this.#holder.released.promise;
    if (this.#dropped > 0) throw this.#endError();
    const target = this.#transport.framesWritten + this.#transport.pendingFrames;
    while (this.#transport.framesWritten < target) {
      // With nothing pending, what is missing was dropped when the connection was failed.
      const isLost = this.#transport.pendingFrames === 0 || !(await this.#transport.progress());
      if (isLost) await this.#refuseAtEnd();
    }
  }

  /** Accepts nothing more. Who waits already is served before the Close frame, which ends the stream. */
  finish(close: Frame.Close): void {
    this.#isClosed = true;
    if (this.#waiters.length === 0 && this.#holder === null) this.#transport.send(close);
    else
      this.#enqueue({ frame: close, options: undefined, accepted: new Deferred(), release: () => undefined });
  }

  /** Accepts nothing more, and turns away who waits. */
  fail(error: unknown): void {
    this.#isClosed = true;
    this.#error ??= error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) this.#drop(waiter);
    this.#holder?.life.abort(this.#endError());
  }

  #takeLine(): void {
    this.#holder = { released: new Deferred(), life: new AbortController() };
  }

  #releaseLine(): void {
    this.#holder?.released.resolve();
    this.#holder = null;
    if (this.#waiters.length > 0 && !this.#isPumping) void this.#pump();
  }

  async #sendFragments(
    parts: MessageParts,
    options: SendOptions | undefined,
    life: AbortSignal,
  ): Promise<void> {
    if (this.#isInMessage) {
      throw new InvalidArgumentError("a fragmented message is in progress: send its last fragment first");
    }
    const fragments = new Fragments();
    const source: AsyncIterator<string | BinaryData> = parts[Symbol.asyncIterator]();
    let isAtEnd = false;
    try {
      while (!isAtEnd) {
        const part = await unlessAborted(source.next(), life);
        isAtEnd = part.done === true;
        const fragment = part.done === true ? fragments.end() : fragments.next(part.value);
        if (fragment !== null) await this.#sendFragment(fragment, options, life);
      }
    } catch (error) {
      // It may be busy for ever, so nobody waits for it.
      if (!isAtEnd) observe(Promise.resolve(source.return?.()));
      if (fragments.hasBegun) {
        this.#dropped++;
        this.#owner.unfinished(error);
      }
      throw error;
    }
  }

  async #sendFragment(fragment: Frame, options: SendOptions | undefined, life: AbortSignal): Promise<void> {
    while (!this.#hasRoom(fragment) && (await unlessAborted(this.#transport.progress(), life)));
    if (!this.#transport.send(fragment, options)) await this.#refuseAtEnd();
  }

  #give(frame: Frame, options: EncodeOptions | undefined): boolean {
    const isAccepted = this.#transport.send(frame, options);
    if (frame.type === "text" || frame.type === "binary") this.#isInMessage = !frame.fin;
    return isAccepted;
  }

  #mustWait(frame: Frame): boolean {
    if (!this.#hasRoom(frame)) return true;
    if (this.#holder !== null) return frame.type !== "ping" && frame.type !== "pong";
    return this.#waiters.length > 0;
  }

  /** Where a full queue ends the session, who only waits for the line counts as queued. */
  #isOverflow(frame: Frame): boolean {
    if (this.#bounds.onOverflow !== "close") return false;
    if (this.#holder === null) return true;
    const bytes = this.#waiters.reduce((sum, waiter) => sum + (waiter.frame?.data.length ?? 0), 0);
    return this.#waiters.length >= this.#bounds.messages || bytes + frame.data.length > this.#bounds.bytes;
  }

  #hasRoom(frame: Frame): boolean {
    const { pendingFrames, pendingBytes } = this.#transport;
    if (pendingFrames === 0) return true;
    return pendingFrames < this.#bounds.messages && pendingBytes + frame.data.length <= this.#bounds.bytes;
  }

  /** The transport takes nothing more, and the session is about to learn why. */
  async #refuseAtEnd(): Promise<never> {
    await this.#owner.lost();
    throw this.#endError();
  }

  #overflow(): Promise<never> {
    const { messages, bytes } = this.#bounds;
    const error = new ChannelOverflowError(
      `the outgoing channel is full (${messages} messages or ${bytes} bytes)`,
      {
        phase: "open",
      },
    );
    this.#owner.overflowed(error);
    return Promise.reject(error);
  }

  #wait(frame: Frame | null, options: SendOptions | undefined): Promise<void> {
    const signal = options?.signal;
    const accepted = new Deferred<void>();
    const abort = () => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      accepted.reject(signal?.reason);
    };
    const release = () => signal?.removeEventListener("abort", abort);
    const waiter: Waiter = { frame: frame?.copy() ?? null, options, accepted, release };
    signal?.addEventListener("abort", abort, { once: true });
    this.#enqueue(waiter);
    return accepted.promise;
  }

  #enqueue(waiter: Waiter): void {
    // A rejection reaches whoever called `send`; here it is only waited for.
    observe(waiter.accepted.promise);
    this.#waiters.push(waiter);
    if (!this.#isPumping) void this.#pump();
  }

  /** Serves who waits, in order, as the transport makes progress. Ends when nobody waits or the connection is gone. */
  async #pump(): Promise<void> {
    this.#isPumping = true;
    while (this.#waiters.length > 0 && this.#holder === null && (await this.#transport.progress())) {
      let next = this.#waiters[0];
      while (next !== undefined && this.#mayPass(next)) {
        this.#waiters.shift();
        this.#hand(next);
        next = this.#waiters[0];
      }
    }
    this.#isPumping = false;
  }

  #mayPass({ frame }: Waiter): boolean {
    if (this.#holder !== null) return false;
    return frame === null || frame.type === "close" || this.#hasRoom(frame);
  }

  #hand(waiter: Waiter): void {
    if (waiter.frame === null) {
      this.#takeLine();
      waiter.release();
      waiter.accepted.resolve();
      return;
    }
    try {
      if (this.#give(waiter.frame, waiter.options)) {
        waiter.release();
        waiter.accepted.resolve();
      } else {
        this.#drop(waiter);
      }
    } catch (error) {
      refuse(waiter, error);
    }
  }

  #drop(waiter: Waiter): void {
    const type = waiter.frame?.type ?? "text";
    if (type === "text" || type === "binary") this.#dropped++;
    refuse(waiter, this.#endError());
  }

  #endError(): unknown {
    return this.#error ?? new ChannelClosedError("the session is closed: nothing more can be sent");
  }
}

function refuse(waiter: Waiter, error: unknown): void {
  waiter.release();
  waiter.accepted.reject(error);
}
