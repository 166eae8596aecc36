// SPDX-License-Identifier: Apache-2.0
import { onAbort } from "./abort-listeners.ts";
import { type ChannelBounds, unlimited } from "./bounds.ts";
import { CleanEnd, errorOf } from "./clean-end.ts";
import { Deferred, type WaitOptions } from "./waiting.ts";

/** The receiving side of a channel. Ktor: `kotlinx.coroutines.channels.ReceiveChannel`. */
export interface ReceiveChannel<T> extends AsyncIterable<T> {
  /**
   * The next element; waits for it. Concurrent calls are served in order. Aborting one loses nothing: the element
   * goes to the next receiver.
   *
   * @throws {@link ChannelClosedError} after a clean end, else the error that ended the channel, once all that was
   * received before has been taken
   */
  receive(options?: WaitOptions): Promise<T>;
  /** The next element if there is one now, else undefined. It never throws and never waits. */
  tryReceive(): T | undefined;
  /** Iterates over arrays of all that has arrived: several times faster than one by one where messages are small. */
  batches(): AsyncIterable<T[]>;
  /** Whether the channel has ended and all its elements were taken. */
  readonly isClosedForReceive: boolean;
  /** Drops what the channel holds and all that comes later. The session itself lives on. */
  cancel(): void;
  /** Ends normally after a clean close and throws after an unclean one. Leaving the loop does not cancel the channel. */
  [Symbol.asyncIterator](): AsyncIterator<T>;
}

interface Receiver<T> {
  /** Serves the receiver from the channel, which has an element or has ended. */
  serve(): void;
  readonly deferred: Deferred<T>;
}

/**
 * A queue between one producer and any number of receivers. The producer asks {@link hasRoom} and waits for
 * {@link room}: the bound is kept by not pulling, so that nothing is ever dropped.
 */
export class Channel<T> implements ReceiveChannel<T> {
  /** Called whenever somebody begins to wait for an element. */
  onWait: (() => void) | null = null;
  #bounds: ChannelBounds;
  readonly #sizeOf: (element: T) => number;
  /** Taken elements are overwritten with undefined: `#head` marks the first that is left. */
  #queue: (T | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** Who waits. Nobody does while there is an element: each is served as soon as it comes. */
  #receivers: Receiver<unknown>[] = [];
  #ended = false;
  #isClean = false;
  #isLossy = false;
  #error: unknown;
  #room: Deferred<void> | null = null;
  #discarded = 0;

  constructor(bounds: ChannelBounds, sizeOf: (element: T) => number) {
    this.#bounds = bounds;
    this.#sizeOf = sizeOf;
  }

  get #length(): number {
    return this.#queue.length - this.#head;
  }

  get isClosedForReceive(): boolean {
    return this.#ended && this.#length === 0;
  }

  /** How much it holds. */
  get bounds(): ChannelBounds {
    return this.#bounds;
  }

  /** Whether somebody waits for an element. */
  get isAwaited(): boolean {
    return this.#receivers.length > 0;
  }

  /** How many elements were dropped: by `cancel`, after the end, or when full and told so. */
  get discarded(): number {
    return this.#discarded;
  }

  /** Whether one more element is within the bounds. An element of any size fits an empty channel. */
  hasRoom(element: T): boolean {
    return this.#isLossy || this.#ended || this.#fits(element);
  }

  #fits(element: T): boolean {
    const length = this.#length;
    if (length === 0) return true;
    return length < this.#bounds.messages && this.#bytes + this.#sizeOf(element) <= this.#bounds.bytes;
  }

  /** Resolves when something was taken and at most half is left, or the channel has ended. */
  room(): Promise<void> {
    this.#room ??= new Deferred();
    return this.#room.promise;
  }

  /** Adds an element, without asking for room. After the end it is dropped, and counted. */
  push(element: T): void {
    if (this.#ended || (this.#isLossy && !this.#fits(element))) {
      this.#discarded++;
      return;
    }
    this.#queue.push(element);
    this.#bytes += this.#sizeOf(element);
    if (this.#receivers.length > 0) this.#serve();
  }

  /** From now on an element that finds no room is dropped, and counted, instead of waited with. */
  dropWhenFull(): void {
    this.#isLossy = true;
    this.#signalRoom();
  }

  /** From now on everything finds room: for a producer that has come to its end, and has but little left. */
  liftBounds(): void {
    this.#bounds = unlimited();
    this.#signalRoom();
  }

  /**
   * Ends the channel; what it holds can still be received. Only the first call counts.
   * @param error - what `receive` throws from then on, or a {@link CleanEnd}
   * @param isClean - whether a loop over the channel ends normally, instead of with the error
   */
  end(error?: unknown, isClean: boolean = error === undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error ?? new CleanEnd("the channel is closed: nothing more will be received");
    this.#isClean = isClean;
    this.#serve();
    this.#signalRoom();
  }

  cancel(): void {
    this.#discarded += this.#takeAll().length;
    this.end(new CleanEnd("the channel was cancelled"), true);
  }

  receive(options?: WaitOptions): Promise<T> {
    return this.#wait(options?.signal, () => this.#take() as T, null);
  }

  tryReceive(): T | undefined {
    return this.#take();
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#iterate(() => this.#take() as T);
  }

  batches(): AsyncIterable<T[]> {
    return { [Symbol.asyncIterator]: () => this.#iterate(() => this.#takeAll()) };
  }

  /** Written by hand: an async generator costs twice as much a message. */
  #iterate<R>(take: () => R): AsyncIterator<R> {
    const takeResult = (): IteratorResult<R> => ({ done: false, value: take() });
    return {
      next: () => this.#wait(undefined, takeResult, iterationEnd),
      return: () => Promise.resolve(iterationEnd),
    };
  }

  /**
   * Runs `take` as soon as there is an element.
   * @param end - what stands for a clean end; without it, the error
   */
  #wait<R>(signal: AbortSignal | undefined, take: () => R, end: R | null): Promise<R> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#length > 0) return Promise.resolve(take());
    const deferred = new Deferred<R>();
    const receiver: Receiver<R> = {
      deferred,
      serve: () => {
        release?.();
        if (this.#length > 0) deferred.resolve(take());
        else if (end !== null && this.#isClean) deferred.resolve(end);
        else deferred.reject(errorOf(this.#error));
      },
    };
    const abort = () => {
      this.#receivers.splice(this.#receivers.indexOf(receiver as Receiver<unknown>), 1);
      deferred.reject(signal?.reason);
    };
    const release = signal && onAbort(signal, abort);
    this.#receivers.push(receiver as Receiver<unknown>);
    if (this.#ended) this.#serve();
    else this.onWait?.();
    return deferred.promise;
  }

  #serve(): void {
    while (this.#receivers.length > 0 && (this.#length > 0 || this.#ended)) this.#receivers.shift()?.serve();
  }

  #take(): T | undefined {
    if (this.#length === 0) return undefined;
    const element = this.#queue[this.#head] as T;
    this.#queue[this.#head++] = undefined;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#bytes -= this.#sizeOf(element);
    if (this.#room !== null && this.#isHalfEmpty) this.#signalRoom();
    return element;
  }

  #takeAll(): T[] {
    const all = (this.#head === 0 ? this.#queue : this.#queue.slice(this.#head)) as T[];
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#signalRoom();
    return all;
  }

  /** To wake the producer for each element would cost more than the element. */
  get #isHalfEmpty(): boolean {
    return this.#length * 2 <= this.#bounds.messages && this.#bytes * 2 <= this.#bounds.bytes;
  }

  #signalRoom(): void {
    this.#room?.resolve();
    this.#room = null;
  }
}

const iterationEnd: IteratorReturnResult<undefined> = { done: true, value: undefined };
