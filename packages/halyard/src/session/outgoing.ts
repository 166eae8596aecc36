// SPDX-License-Identifier: Apache-2.0

import type { BinaryData } from "../protocol/bytes.ts";
import { CloseReason } from "../protocol/close-reason.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import type { EncodeOptions } from "../protocol/extension.ts";
import { Frame } from "../protocol/frame.ts";
import { onAbort } from "./abort-listeners.ts";
import type { ChannelBounds } from "./bounds.ts";
import { errorOf } from "./clean-end.ts";
import { ChannelClosedError, ChannelOverflowError } from "./errors.ts";
import { Fragments, type MessageParts } from "./fragments.ts";
import { paced } from "./pace.ts";
import type { Transport } from "./transport.ts";
import { Deferred, done, observe, unlessAborted, type WaitOptions } from "./waiting.ts";

/** What may be said of one message. */
export interface SendOptions extends WaitOptions, EncodeOptions {}

/** The sending side of a channel. Ktor: `kotlinx.coroutines.channels.SendChannel`. */
export interface SendChannel<T> {
  /**
   * Resolves when the element is in the bounded queue; waits while the queue is full, and now and then for a turn of the
   * event loop, so that a loop that sends leaves some to others. It was copied at the call. Concurrent calls keep their
   * order. An aborted call sends nothing.
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

/**
 * A message in parts. It has the line from its first fragment to its last, because no other message may come between
 * them (RFC 6455 section 5.4).
 */
class MessageInParts {
  /** Settles when it needs the line no more. */
  readonly over = new Deferred<void>();
  /** Ends whatever it waits for. */
  readonly life = new AbortController();
}

interface Waiter {
  readonly what: Frame | MessageInParts;
  readonly options: EncodeOptions | undefined;
  /** Settles when the frame is in the queue, or the message in parts has the line. */
  readonly accepted: Deferred<void>;
  /** Stops listening to the waiter's signal. */
  readonly release: (() => void) | undefined;
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
  /** The message in parts that has the line. */
  #inParts: MessageInParts | null = null;
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
    try {
      if (frame.type === "close") {
        this.#owner.beginClose(frame);
        return done;
      }
      if (this.#mustWait(frame)) return this.#waitOrOverflow(frame, options);
      return this.#give(frame, options) ? paced(frame, this.#transport.output) : this.#refuseAtEnd();
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
    const message = new MessageInParts();
    const release = signal && onAbort(signal, () => message.life.abort(signal.reason));
    try {
      if (this.#isLineTaken) await this.#waitOrOverflow(message, options);
      else this.#inParts = message;
      await this.#sendFragments(parts, options, message.life.signal);
    } finally {
      release?.();
      this.#leaveLine(message);
    }
  }

  close(): void {
    if (!this.#isClosed) this.#owner.beginClose(new Frame.Close({ code: CloseReason.Codes.NORMAL }));
  }

  /** Resolves when all that was sent before the call was handed to the operating system. */
  async flush(): Promise<void> {
    const before = this.#waiters.map(({ what, accepted }) => (isInParts(what) ? what.over : accepted));
    if (this.#inParts !== null) before.push(this.#inParts.over);
    // One that was aborted meanwhile, or cannot be sent, is its own caller's affair.
    if (before.length > 0) await Promise.allSettled(before.map(({ promise }) => promise));
    if (this.#dropped > 0) throw this.#endError();
    const target = this.#transport.output.framesWritten + this.#transport.output.pendingFrames;
    while (this.#transport.output.framesWritten < target) {
      // With nothing pending, what is missing was dropped when the connection was failed.
      const isLost = this.#transport.output.pendingFrames === 0 || !(await this.#transport.output.progress());
      if (isLost) await this.#refuseAtEnd();
    }
  }

  /** Accepts nothing more. Who waits already is served before the Close frame, which ends the stream. */
  finish(close: Frame.Close): void {
    this.#isClosed = true;
    if (!this.#isLineTaken) this.#transport.send(close);
    else this.#enqueue({ what: close, options: undefined, accepted: new Deferred(), release: undefined });
  }

  /**
   * Accepts nothing more, and turns away who waits.
   * @param error - what who sends gets, or a {@link CleanEnd}
   */
  fail(error: unknown): void {
    this.#isClosed = true;
    this.#error ??= error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) this.#drop(waiter);
    const message = this.#inParts;
    if (message === null) return;
    this.#dropped++;
    this.#leaveLine(message);
    message.life.abort(this.#endError());
  }

  /** Whether what comes now has to wait for its turn, however much room there is. */
  get #isLineTaken(): boolean {
    return this.#inParts !== null || this.#waiters.length > 0;
  }

  #leaveLine(message: MessageInParts): void {
    message.over.resolve();
    if (this.#inParts !== message) return;
    this.#inParts = null;
    this.#startPump();
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
    let hasBegun = false;
    let isAtEnd = false;
    try {
      while (!isAtEnd) {
        const part = await unlessAborted(source.next(), life);
        isAtEnd = part.done === true;
        const fragment = part.done === true ? fragments.end() : fragments.next(part.value);
        if (fragment === null) return;
        await this.#sendFragment(fragment, options, life);
        hasBegun = true;
      }
    } catch (error) {
      if (!isAtEnd) observe(stop(source));
      if (hasBegun) this.#cutOff(error);
      throw error;
    }
  }

  async #sendFragment(fragment: Frame, options: SendOptions | undefined, life: AbortSignal): Promise<void> {
    let frame = fragment;
    if (!this.#hasRoom(frame)) {
      // While it waits, the source may use the memory for something else.
      frame = frame.copy();
      while (!this.#hasRoom(frame) && (await unlessAborted(this.#transport.output.progress(), life)));
    }
    await (this.#transport.send(frame, options) ? paced(frame, this.#transport.output) : this.#refuseAtEnd());
  }

  /** The message that has the line ends without its last fragment. Whatever was sent now would be taken for the rest of it. */
  #cutOff(error: unknown): void {
    this.#owner.unfinished(error);
    this.fail(error);
  }

  #give(frame: Frame, options: EncodeOptions | undefined): boolean {
    const isAccepted = this.#transport.send(frame, options);
    if (frame.type === "text" || frame.type === "binary") this.#isInMessage = !frame.fin;
    return isAccepted;
  }

  #mustWait(frame: Frame): boolean {
    if (!this.#hasRoom(frame)) return true;
    return passes(frame) ? this.#next !== undefined : this.#isLineTaken;
  }

  #waitOrOverflow(what: Frame | MessageInParts, options: SendOptions | undefined): Promise<void> {
    return this.#isOverflow(what) ? this.#overflow() : this.#wait(what, options);
  }

  /** Where a full queue ends the session, who only waits for the line counts as queued. */
  #isOverflow(what: Frame | MessageInParts): boolean {
    if (this.#bounds.onOverflow !== "close") return false;
    // As an empty queue takes a frame of any size, so does a line in which nobody waits yet.
    if (this.#waiters.length === 0) return this.#inParts === null;
    const bytes = this.#waiters.reduce((sum, waiter) => sum + sizeOf(waiter.what), sizeOf(what));
    return this.#waiters.length >= this.#bounds.messages || bytes > this.#bounds.bytes;
  }

  #hasRoom(frame: Frame): boolean {
    const { pendingFrames, pendingBytes } = this.#transport.output;
    if (pendingFrames === 0) return true;
    if (pendingFrames >= this.#bounds.messages) return false;
    const free = this.#bounds.bytes - pendingBytes;
    if (frame.size <= free) return true;
    // How long a string is in UTF-8 is found out only where it matters.
    const least = frame.type === "text" ? (frame.text?.length ?? frame.size) : frame.size;
    return least <= free && frame.data.length <= free;
  }

  /** The transport takes nothing more, and the session is about to learn why. */
  async #refuseAtEnd(): Promise<never> {
    await this.#owner.lost();
    throw this.#endError();
  }

  #overflow(): Promise<never> {
    const { messages, bytes } = this.#bounds;
    const text = `the outgoing channel is full (${messages} messages or ${bytes} bytes)`;
    const error = new ChannelOverflowError(text);
    this.#owner.overflowed(error);
    return Promise.reject(error);
  }

  #wait(what: Frame | MessageInParts, options: SendOptions | undefined): Promise<void> {
    const signal = options?.signal;
    const accepted = new Deferred<void>();
    const abort = () => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      accepted.reject(signal?.reason);
    };
    const release = signal && onAbort(signal, abort);
    const waiter: Waiter = { what: isInParts(what) ? what : what.copy(), options, accepted, release };
    this.#enqueue(waiter);
    return accepted.promise;
  }

  #enqueue(waiter: Waiter): void {
    // A rejection reaches whoever called `send`; here it is only waited for.
    observe(waiter.accepted.promise);
    this.#waiters.push(waiter);
    this.#startPump();
  }

  #startPump(): void {
    if (!this.#isPumping) void this.#pump();
  }

  /** Who is served next. While a message in parts has the line, pings and pongs are. */
  get #next(): Waiter | undefined {
    return this.#inParts === null ? this.#waiters[0] : this.#waiters.find(({ what }) => passes(what));
  }

  /** Serves who waits, in order, as the transport makes progress. Ends when nobody can be served or the connection is gone. */
  async #pump(): Promise<void> {
    this.#isPumping = true;
    while (this.#next !== undefined && (await this.#transport.output.progress())) {
      for (let next = this.#next; next !== undefined && this.#fits(next); next = this.#next) {
        this.#waiters.splice(this.#waiters.indexOf(next), 1);
        const pause = this.#hand(next);
        if (pause !== done) await pause;
      }
    }
    this.#isPumping = false;
  }

  #fits({ what }: Waiter): boolean {
    return isInParts(what) || what.type === "close" || this.#hasRoom(what);
  }

  /** @returns what those behind it wait for */
  #hand({ what, options, accepted, release }: Waiter): Promise<void> {
    release?.();
    try {
      if (isInParts(what)) this.#inParts = what;
      else if (!this.#give(what, options)) throw this.#lose(what);
      accepted.resolve();
    } catch (error) {
      accepted.reject(error);
      return done;
    }
    return isInParts(what) ? done : paced(what, this.#transport.output);
  }

  #drop({ what, accepted, release }: Waiter): void {
    release?.();
    accepted.reject(this.#lose(what));
  }

  /** Counts what will not be sent. @returns what its sender gets */
  #lose(what: Frame | MessageInParts): unknown {
    if (isInParts(what) || what.type === "text" || what.type === "binary") this.#dropped++;
    return this.#endError();
  }

  #endError(): unknown {
    return errorOf(this.#error) ?? new ChannelClosedError("the session is closed: nothing more can be sent");
  }
}

function isInParts(what: Frame | MessageInParts): what is MessageInParts {
  return what instanceof MessageInParts;
}

/** Whether it may come between the fragments of a message (RFC 6455 section 5.4). */
function passes(what: Frame | MessageInParts): boolean {
  return !isInParts(what) && (what.type === "ping" || what.type === "pong");
}

function sizeOf(what: Frame | MessageInParts): number {
  return isInParts(what) ? 0 : what.data.length;
}

/** Tells a source that no more is wanted. It may be busy for ever, so nobody waits for it. */
async function stop(source: AsyncIterator<unknown>): Promise<void> {
  await source.return?.();
}
