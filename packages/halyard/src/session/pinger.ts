// SPDX-License-Identifier: Apache-2.0
import { Frame } from "../protocol/frame.ts";
import type { CancelTimer, Clock } from "./clock.ts";
import type { Transport } from "./transport.ts";

/** A timer that fires this much later than asked for, in milliseconds, tells of a frozen process, not of a dead peer. */
const frozenAfter = 1000;

/**
 * Keepalive (RFC 6455 section 5.5.2): a ping each interval, and the peer is given up when nothing at all, not one byte,
 * came within the timeout after one. A dead peer is thus found within interval + timeout. Only the matching pong
 * measures latency.
 */
export class Pinger {
  /** Milliseconds between a ping and its pong, of the newest pair; null before the first. */
  latency: number | null = null;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #onTimeout: (milliseconds: number) => void;
  #interval: number;
  #timeout: number;
  #isRunning = false;
  readonly #timers = new Set<CancelTimer>();
  #sequence = 0;
  #newestPing: { readonly at: number; readonly payload: string } | null = null;
  /** What had arrived when the newest deadline was set: while nothing comes, the first deadline is the one that counts. */
  #bytesAtDeadline = -1;

  /**
   * @param interval - milliseconds, Infinity for none
   * @param timeout - milliseconds, Infinity for none
   */
  constructor(
    transport: Transport,
    clock: Clock,
    interval: number,
    timeout: number,
    onTimeout: (milliseconds: number) => void,
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.#interval = interval;
    this.#timeout = timeout;
    this.#onTimeout = onTimeout;
  }

  get interval(): number {
    return this.#interval;
  }

  get timeout(): number {
    return this.#timeout;
  }

  /** Takes new times and begins anew with them. */
  configure(interval: number, timeout: number): void {
    this.#interval = interval;
    this.#timeout = timeout;
    if (this.#isRunning) this.start();
  }

  start(): void {
    this.stop();
    this.#isRunning = true;
    this.#bytesAtDeadline = -1;
    this.#after(this.#interval, () => this.#ping());
  }

  /** Stops for good, or while we do not read: what the peer sends cannot be seen then, so no deadline may run. */
  stop(): void {
    this.#isRunning = false;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  pong(frame: Frame.Pong): void {
    if (this.#newestPing === null || String(frame.data) !== this.#newestPing.payload) return;
    this.latency = this.#clock.now() - this.#newestPing.at;
    this.#newestPing = null;
  }

  #ping(): void {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, ++this.#sequence);
    this.#newestPing = { at: this.#clock.now(), payload: String(payload) };
    this.#transport.send(new Frame.Ping(payload));
    this.#after(this.#interval, () => this.#ping());
    this.#setDeadline();
  }

  #setDeadline(): void {
    const { bytesReceived } = this.#transport;
    if (bytesReceived === this.#bytesAtDeadline) return;
    this.#bytesAtDeadline = bytesReceived;
    const heard = () => this.#transport.bytesReceived !== bytesReceived;
    this.#after(this.#timeout, (lateness) => {
      if (heard()) return;
      // A process that was suspended or blocked cannot blame its peer: the answer may be as old as the freeze.
      if (lateness > frozenAfter) this.start();
      // One more turn of the loop, since bytes that have arrived may be waiting behind this timer.
      else this.#after(0, () => heard() || this.#onTimeout(this.#timeout));
    });
  }

  #after(milliseconds: number, callback: (lateness: number) => void): void {
    if (milliseconds === Infinity) return;
    const due = this.#clock.now() + milliseconds;
    const cancel = this.#clock.after(milliseconds, () => {
      this.#timers.delete(cancel);
      callback(this.#clock.now() - due);
    });
    this.#timers.add(cancel);
  }
}
