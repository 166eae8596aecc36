// SPDX-License-Identifier: Apache-2.0
import type { CancelTimer, Clock } from "../../session/clock.ts";
import type { Output } from "../../session/transport.ts";
import { Deferred } from "../../session/waiting.ts";

/** Few platforms tell when they have written something, so they are asked: after so many milliseconds, and then ever less often. */
const firstLook = 1;
const longestPause = 50;

/** Not by the clock: it is no time, and nobody turns it. Without a minimum of milliseconds where there is such. */
const { setImmediate: later = (callback: () => void) => setTimeout(callback, 0) } = globalThis as {
  setImmediate?: (callback: () => void) => unknown;
};

/**
 * What was given to a platform's WebSocket and how much of it is written, by the one thing that it tells: how many bytes
 * wait. Some count only what the system did not take at once, which is no more than that.
 */
export class SentMessages implements Output {
  /** How much there is of a message that is still being put together. */
  gatheredBytes = 0;
  readonly #socket: { readonly bufferedAmount: number };
  readonly #clock: Clock;
  /** Where each message that waits ends, counted in bytes from the first of all. */
  #ends: number[] = [];
  #writtenCount = 0;
  #sentBytes = 0;
  #progress: Deferred<boolean> | null = null;
  #cancelLook: CancelTimer | null = null;
  /** Of this socket alone: in Workers the timers of a request end with it. */
  #turn: Promise<void> | null = null;
  #isStopped = false;

  constructor(socket: { readonly bufferedAmount: number }, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  get pendingFrames(): number {
    this.#look();
    return this.#ends.length;
  }

  /** Every frame is a message here. */
  get pendingMessages(): number {
    return this.pendingFrames;
  }

  get pendingBytes(): number {
    return this.#waitingBytes + this.gatheredBytes;
  }

  get framesWritten(): number {
    this.#look();
    return this.#writtenCount;
  }

  get bytesWritten(): number {
    return this.#sentBytes - this.#waitingBytes;
  }

  get #waitingBytes(): number {
    return this.#isStopped ? 0 : Math.min(this.#socket.bufferedAmount, this.#sentBytes);
  }

  /** @param size - of a message that was given to the socket, or more */
  add(size: number): void {
    this.#sentBytes += size;
    this.#ends.push(this.#sentBytes);
  }

  /** Resolves to true when something is written that was pending, at once if nothing is; to false after {@link stop}. */
  progress(): Promise<boolean> {
    if (this.#isStopped) return Promise.resolve(false);
    if (this.pendingFrames === 0) return Promise.resolve(true);
    if (this.#progress === null) {
      this.#progress = new Deferred();
      this.#lookIn(firstLook, this.bytesWritten);
    }
    return this.#progress.promise;
  }

  turn(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      later(() => {
        this.#turn = null;
        resolve();
      });
    });
    return this.#turn;
  }

  /** The platform tells that it has written something. */
  written(): void {
    if (this.#progress !== null) this.#tell(true);
  }

  /** What is not written now never will be. */
  stop(): void {
    this.#look();
    this.#isStopped = true;
    this.#tell(false);
  }

  #lookIn(milliseconds: number, before: number): void {
    this.#cancelLook = this.#clock.after(milliseconds, () => {
      if (this.pendingFrames === 0 || this.bytesWritten > before) this.#tell(true);
      else this.#lookIn(Math.min(milliseconds * 2, longestPause), before);
    });
  }

  #tell(isAlive: boolean): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#progress?.resolve(isAlive);
    this.#progress = null;
  }

  #look(): void {
    if (this.#isStopped || this.#ends.length === 0) return;
    const { bufferedAmount } = this.#socket;
    const written = this.#sentBytes - bufferedAmount;
    const first = bufferedAmount === 0 ? -1 : this.#ends.findIndex((end) => end > written);
    const count = first === -1 ? this.#ends.length : first;
    if (count === 0) return;
    this.#writtenCount += count;
    this.#ends = this.#ends.slice(count);
  }
}
