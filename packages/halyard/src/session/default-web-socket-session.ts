// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../protocol/close-reason.ts";
import type { ProtocolLimits } from "../protocol/connection-options.ts";
import type { Frame } from "../protocol/frame.ts";
import { ownOptions } from "../protocol/given.ts";
import type { Heartbeat, ResolvedSessionConfig } from "./config.ts";
import { frameOf } from "./content.ts";
import type { ContentConverter } from "./content-converter.ts";
import { checkPeriod } from "./durations.ts";
import { ConverterNotFoundError, type PingTimeoutError } from "./errors.ts";
import type { SendOptions } from "./outgoing.ts";
import { Pinger } from "./pinger.ts";
import type { SessionOptions } from "./session-options.ts";
import type { StandardSchema } from "./standard-schema.ts";
import type { Transport } from "./transport.ts";
import type { TypedSession, TypedSessionOptions } from "./typed-session.ts";
import type { WaitOptions } from "./waiting.ts";
import { WebSocketSession } from "./web-socket-session.ts";

/** What a default session is made of. */
export interface DefaultSessionOptions extends SessionOptions {
  /** Milliseconds between pings, Infinity for none. */
  readonly pingInterval: number;
  /** Milliseconds within which anything must come after a ping, Infinity for none. */
  readonly pingTimeout: number;
  readonly heartbeat?: Heartbeat | undefined;
  readonly contentConverter?: ContentConverter | undefined;
  readonly limits: ProtocolLimits;
}

/** What a session is made of, from what is configured and what the handshake has brought. */
export function sessionOptions(
  config: ResolvedSessionConfig,
  opened: Pick<SessionOptions, "clock" | "subprotocol" | "extensions" | "call" | "url" | "onEnd">,
): DefaultSessionOptions {
  const { incoming, outgoing, closeTimeout, pingInterval, pingTimeout, heartbeat, contentConverter, limits } =
    config;
  const { clock, subprotocol, extensions, call, url, onEnd } = ownOptions(opened);
  // Written out: each spread of so many fields makes a shape of its own, a kilobyte of them for every session.
  return {
    clock,
    incoming,
    outgoing,
    closeTimeout,
    pingInterval,
    pingTimeout,
    heartbeat,
    contentConverter,
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
  /** The configured `contentConverter`. Ktor: `converter`. */
  readonly converter: ContentConverter | undefined;
  readonly #pinger: Pinger;
  readonly #heartbeat: Heartbeat | undefined;

  /** Takes over an open connection and begins to receive. Clients and servers make sessions; others rarely need to. */
  constructor(transport: Transport, options: DefaultSessionOptions) {
    super(transport, options);
    this.maxMessageSize = options.limits.maxMessageSize;
    this.converter = options.contentConverter;
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

  /**
   * Sends a value as the converter writes it. It is written at the call, and otherwise sent as by `send`. Ktor:
   * `sendSerialized`.
   *
   * @throws {@link ConverterNotFoundError}; what the converter throws, then nothing was sent; else as `send`
   */
  async sendSerialized(value: unknown, options?: SendOptions): Promise<void> {
    await this.send(this.#requiredConverter().serialize(value), options);
  }

  /**
   * The value of the next message; waits for it. Aborting the wait loses nothing. Ktor: `receiveDeserialized`.
   *
   * @typeParam T - what the message is taken for without a schema, unchecked
   * @param schema - any Standard Schema, such as zod's, valibot's or arktype's; what it makes of the value is the result
   * @throws {@link DeserializeError} with the frame, for a message that the converter does not read, or that does not fit
   * the schema; the session lives on
   * @throws {@link ConverterNotFoundError}, and nothing was taken; else as `incoming.receive`
   */
  receiveDeserialized<T = unknown>(schema?: undefined, options?: WaitOptions): Promise<T>;
  receiveDeserialized<T>(schema: StandardSchema<unknown, T>, options?: WaitOptions): Promise<T>;
  async receiveDeserialized(schema?: StandardSchema, options?: WaitOptions): Promise<unknown> {
    return await this.#requiredConverter().receive(this.incoming, schema, options);
  }

  /**
   * This session with messages that have types: both directions are checked by Standard Schemas.
   *
   * @throws {@link ConverterNotFoundError}; {@link InvalidArgumentError} for an option that does not exist or cannot be
   * used
   */
  typed<Incoming, Outgoing = unknown>(
    options: TypedSessionOptions<Incoming, Outgoing>,
  ): TypedSession<Incoming, Outgoing> {
    return this.#requiredConverter().typed(this, options);
  }

  #requiredConverter(): ContentConverter {
    if (this.converter === undefined) throw new ConverterNotFoundError();
    return this.converter;
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
