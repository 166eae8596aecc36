// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../protocol/close-reason.ts";
import type { ProtocolLimits } from "../protocol/connection.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Heartbeat, ResolvedSessionConfig } from "./config.ts";
import { frameOf } from "./content.ts";
import { checkPeriod } from "./durations.ts";
import type { PingTimeoutError } from "./errors.ts";
import { Pinger } from "./pinger.ts";
import type { SessionOptions } from "./session-options.ts";
import type { Transport } from "./transport.ts";
import { WebSocketSession } from "./web-socket-session.ts";

/** What a default session is made of. */
export interface DefaultSessionOptions extends SessionOptions {
  /** Milliseconds between pings, Infinity for none. */
  readonly pingInterval: number;
  /** Milliseconds within which anything must come after a ping, Infinity for none. */
  readonly pingTimeout: number;
  readonly heartbeat?: Heartbeat | undefined;
  readonly limits: ProtocolLimits;
}

/** What a session is made of, from what is configured and what the handshake has brought. */
export function sessionOptions(
  config: ResolvedSessionConfig,
  opened: Pick<SessionOptions, "clock" | "subprotocol" | "extensions" | "call" | "url" | "onEnd">,
): DefaultSessionOptions {
  const { incoming, outgoing, closeTimeout, pingInterval, pingTimeout, heartbeat, limits } = config;
  const { clock, subprotocol, extensions, call, url, onEnd } = opened;
  // Written out: each spread of so many fields makes a shape of its own, a kilobyte of them for every session.
  return {
    clock,
    incoming,
    outgoing,
    closeTimeout,
    pingInterval,
    pingTimeout,
    heartbeat,
    limits,
    subprotocol,
    extensions,
    call,
    url,
    onEnd,
  };
}

/**
 * One WebSocket connection as applications want it: `incoming` holds whole messages, pings and Close frames are
 * answered, the connection is kept alive. Ktor: `io.ktor.websocket.DefaultWebSocketSession`.
 */
export class DefaultWebSocketSession extends WebSocketSession {
  /** The largest message that is received whole, in bytes. A larger one ends the session with 1009. */
  readonly maxMessageSize: number;
  readonly #pinger: Pinger;
  readonly #heartbeat: Heartbeat | undefined;

  /** Takes over an open connection and begins to receive. Clients and servers make sessions; others rarely need to. */
  constructor(transport: Transport, options: DefaultSessionOptions) {
    super(transport, options);
    this.maxMessageSize = options.limits.maxMessageSize;
    this.#heartbeat = options.heartbeat;
    this.#pinger = new Pinger(transport, options.clock, this, options);
    this.#pinger.start();
  }

  /** Milliseconds between pings; 0 when they are off. Setting it begins a new interval. */
  get pingInterval(): number {
    return finiteOrOff(this.#pinger.interval);
  }

  set pingInterval(milliseconds: number) {
    const interval = checkPeriod("pingInterval", milliseconds);
    if (interval !== Infinity && this.#heartbeat === undefined) this.transport.checkPing?.();
    this.#pinger.configure(interval, this.#pinger.timeout);
  }

  /** Milliseconds within which anything must come after a ping; 0 when there is no bound. Ktor: `timeoutMillis`. */
  get pingTimeout(): number {
    return finiteOrOff(this.#pinger.timeout);
  }

  set pingTimeout(milliseconds: number) {
    this.#pinger.configure(this.#pinger.interval, checkPeriod("pingTimeout", milliseconds));
  }

  /** Milliseconds between the newest ping and its pong; null before the first pong. */
  get latency(): number | null {
    return this.#pinger.latency;
  }

  /** @internal */
  override consume(frame: Frame): boolean {
    if (frame.type === "text" || frame.type === "binary") {
      return frame.fin && this.#heartbeat?.isAnswer?.(frame) === true;
    }
    if (frame.type === "pong") this.#pinger.pong(frame);
    if (frame.type === "close") this.closeReceived(frame);
    return true;
  }

  /** @internal */
  sendHeartbeat(): boolean {
    if (this.#heartbeat === undefined) return false;
    try {
      // When the queue is full, or a message in parts under way, there is output enough.
      this.outgoing.trySend(frameOf(this.#heartbeat.message()));
    } catch (error) {
      this.fail(new CloseReason(CloseReason.Codes.INTERNAL_ERROR, "the heartbeat failed"), error, false);
    }
    return true;
  }

  /** The peer has not answered a ping. @internal */
  pingTimedOut(error: PingTimeoutError): void {
    this.fail(new CloseReason(CloseReason.Codes.INTERNAL_ERROR, "Ping timeout"), error, false);
  }

  /** @internal */
  override readingPaused(isPaused: boolean): void {
    if (isPaused) this.#pinger.pause();
    else this.#pinger.resume();
  }

  /** @internal */
  protected override stopped(): void {
    this.#pinger.stop();
  }
}

function finiteOrOff(milliseconds: number): number {
  return milliseconds === Infinity ? 0 : milliseconds;
}
