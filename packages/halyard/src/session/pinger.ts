// SPDX-License-Identifier: Apache-2.0
import { Frame } from "../protocol/frame.ts";
import type { CancelTimer, Clock } from "./clock.ts";
import { PingTimeoutError } from "./errors.ts";
import { SharedInterval, type Waiting } from "./shared-interval.ts";
import type { Transport } from "./transport.ts";

/** A timer that fires this much later than asked for, in milliseconds, tells of a frozen process, not of a dead peer. */
const frozenAfter = 1000;

/** Who is told that the peer is dead. */
export interface PingOwner {
  pingTimedOut(error: PingTimeoutError): void;
  /** Sends what is configured instead of a ping. @returns false when that is nothing */
  sendHeartbeat(): boolean;
}

export interface PingOptions {
  /** Milliseconds, Infinity for none. */
  readonly pingInterval: number;
  /** Milliseconds, Infinity for none. */
  readonly pingTimeout: number;
  readonly url?: string | undefined;
}

/**
 * Keepalive (RFC 6455 section 5.5.2): a ping each interval, and the peer is given up when nothing at all, not one byte,
 * came within the timeout after one. A dead peer is thus found within interval + timeout. Only the matching pong
 * measures latency.
 */
export class Pinger implements Waiting {
  /** Milliseconds between a ping and its pong, of the newest pair; null before the first. */
  latency: number | null = null;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #owner: PingOwner;
  readonly #url: string | undefined;
  #interval: number;
  #timeout: number;
  #isRunning = false;
  /** While we do not read, what the peer sends cannot be seen, so no deadline may run. */
  #isPaused = false;
  /** In which the next ping is due. */
  #pings: SharedInterval | null = null;
  /** @internal */
  due = 0;
  #deadlines: Set<CancelTimer> | null = null;
  #sequence = 0;
  #newestPing: { readonly at: number; readonly payload: string } | null = null;
  /** What had arrived when the newest deadline was set: while nothing comes, the first deadline is the one that counts. */
  #receivedAtDeadline = -1;

  constructor(transport: Transport, clock: Clock, owner: PingOwner, options: PingOptions) {
    this.#transport = transport;
    this.#clock = clock;
    this.#owner = owner;
    this.#interval = options.pingInterval;
    this.#timeout = options.pingTimeout;
    this.#url = options.url;
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
    this.#schedulePing();
  }

  /** Stops for good. */
  stop(): void {
    this.#isRunning = false;
    this.#pings?.delete(this);
    this.#pings = null;
    this.#cancelDeadlines();
  }

  /** Goes on to ping, since that keeps the way open and shows a reset, but blames nobody for silence. */
  pause(): void {
    this.#isPaused = true;
    this.#cancelDeadlines();
  }

  resume(): void {
    this.#isPaused = false;
  }

  pong(frame: Frame.Pong): void {
    if (this.#newestPing === null || String(frame.data) !== this.#newestPing.payload) return;
    this.latency = this.#clock.now() - this.#newestPing.at;
    this.#newestPing = null;
  }

  #schedulePing(): void {
    if (this.#interval === Infinity) return;
    this.#pings ??= SharedInterval.of(this.#clock, this.#interval);
    this.#pings.add(this);
  }

  /** The next ping is due. */
  elapsed(): void {
    const waits = this.#transport.output.pendingBytes > 0;
    if (!this.#owner.sendHeartbeat()) this.#ping();
    if (!this.#isRunning) return;
    this.#schedulePing();
    const { bytesReceived, output } = this.#transport;
    if (this.#isPaused || this.#timeout === Infinity || bytesReceived === this.#receivedAtDeadline) return;
    this.#receivedAtDeadline = bytesReceived;
    this.#watch(output.framesWritten + output.pendingFrames, waits);
  }

  #ping(): void {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, ++this.#sequence);
    this.#newestPing = { at: this.#clock.now(), payload: String(payload) };
    this.#transport.send(new Frame.Ping(payload));
  }

  /**
   * Waits for a sign of life after a ping.
   *
   * @param place - how many frames are written when the ping is
   * @param waits - whether the ping waits behind other output: until it has left, a peer that reads on is alive
   */
  #watch(place: number, waits: boolean): void {
    const transport = this.#transport;
    const { bytesReceived, output } = transport;
    const { bytesWritten } = output;
    const due = this.#clock.now() + this.#timeout;
    this.#deadline(this.#timeout, () => {
      if (transport.bytesReceived !== bytesReceived) return;
      if (waits && output.bytesWritten !== bytesWritten) this.#watch(place, output.framesWritten < place);
      // A process that was suspended or blocked cannot blame its peer: the answer may be as old as the freeze.
      else if (this.#clock.now() - due > frozenAfter) this.start();
      // One more turn of the loop, since bytes that have arrived may be waiting behind this timer.
      else this.#deadline(0, () => transport.bytesReceived !== bytesReceived || this.#giveUp());
    });
  }

  #giveUp(): void {
    this.#owner.pingTimedOut(new PingTimeoutError(this.#timeout, { url: this.#url }));
  }

  #deadline(milliseconds: number, callback: () => void): void {
    const cancel = this.#clock.after(milliseconds, () => {
      this.#deadlines?.delete(cancel);
      callback();
    });
    this.#deadlines ??= new Set();
    this.#deadlines.add(cancel);
  }

  #cancelDeadlines(): void {
    for (const cancel of this.#deadlines ?? []) cancel();
    this.#deadlines = null;
    this.#receivedAtDeadline = -1;
  }
}
