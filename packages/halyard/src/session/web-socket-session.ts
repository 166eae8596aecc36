// SPDX-License-Identifier: Apache-2.0
/// <reference lib="esnext.disposable" preserve="true" />
import type { BinaryData } from "../protocol/bytes.ts";
import { CloseReason, type CloseReasonInit } from "../protocol/close-reason.ts";
import { type FrameTooBigError, InvalidArgumentError } from "../protocol/errors.ts";
import type { WebSocketExtension } from "../protocol/extension.ts";
import { Frame } from "../protocol/frame.ts";
import { shown } from "../protocol/given.ts";
import { Channel, type ReceiveChannel } from "./channel.ts";
import { CleanEnd, errorOf } from "./clean-end.ts";
import type { Clock } from "./clock.ts";
import { areParts, frameOf } from "./content.ts";
import { Deadline } from "./deadline.ts";
import { decidingReason, reasonOf } from "./deciding-reason.ts";
import { checkLimit, checkTimeout } from "./durations.ts";
import { ChannelClosedError, type ChannelOverflowError, ConnectionError, TimeoutError } from "./errors.ts";
import type { MessageParts } from "./fragments.ts";
import type { FrameSink } from "./frame-sink.ts";
import type { HandshakeCall } from "./handshake-call.ts";
import { pickOptions } from "./options.ts";
import { Outgoing, type SendChannel, type SendOptions } from "./outgoing.ts";
import { Receiving } from "./receiving.ts";
import type { SessionEnd } from "./session-end.ts";
import type { CloseOptions, SessionOptions } from "./session-options.ts";
import type { Transport } from "./transport.ts";
import { Deferred } from "./waiting.ts";

/**
 * One WebSocket connection, raw: frames come and go as they are on the wire, pings and Close frames included, and
 * nothing is answered for you. Ktor: `io.ktor.websocket.WebSocketSession`.
 *
 * Every promise of a session settles, in bounded time once it is closing.
 */
export class WebSocketSession implements AsyncDisposable {
  /** The subprotocol that the handshake chose; empty for none. */
  readonly subprotocol: string;
  /** The extensions that the handshake has agreed on, by name; none in a raw session. Ktor: `extensions`. */
  readonly extensions: readonly WebSocketExtension[];
  /** The opening handshake: request and response. */
  readonly call: HandshakeCall;

  /** @internal */
  protected readonly transport: Transport;
  readonly #clock: Clock;
  readonly #closeTimeout: number;
  readonly #url: string | undefined;
  readonly #onEnd: ((session: WebSocketSession) => void) | undefined;
  readonly #incoming: Channel<Frame>;
  readonly #receiving: Receiving;
  readonly #outgoing: Outgoing;
  // These are made when they are asked for: together they are a fifth of what an idle session takes.
  #reason: Deferred<CloseReason> | undefined;
  #end: Deferred<SessionEnd> | undefined;
  #lifetime: AbortController | undefined;
  /** Of the closing handshake. */
  #deadline: Deadline | undefined;
  /** The reason given to our `close()`, if it was called before the peer's Close frame came. */
  #ours: CloseReason | null = null;
  /** Set once nothing more will be received: why. */
  #decided: CloseReason | null = null;
  /** The reason of the signal, then, or a {@link CleanEnd}. */
  #endedBy: unknown;
  #isClosing = false;
  #isOver = false;
  /** Whether we have failed the connection, and wait for the peer to end it. */
  #isLingering = false;
  /** How the session has ended. */
  #over: SessionEnd | null = null;
  #initiator: "local" | "peer" | null = null;
  #error: unknown;

  /** Takes over an open connection and begins to receive. Clients and servers make sessions; others rarely need to. */
  constructor(transport: Transport, options: SessionOptions) {
    this.transport = transport;
    this.#clock = options.clock;
    this.#closeTimeout = options.closeTimeout;
    this.#url = options.url;
    this.#onEnd = options.onEnd;
    this.subprotocol = options.subprotocol;
    this.extensions = options.extensions;
    this.call = options.call;
    this.#incoming = new Channel(options.incoming, sizeOf);
    this.#receiving = new Receiving(transport, this.#incoming, this);
    this.#outgoing = new Outgoing(transport, options.outgoing, this);
    this.#receiving.goOn();
  }

  /** The frames that arrive, from the first byte after the handshake. It stays readable to its end after a close. */
  get incoming(): ReceiveChannel<Frame> {
    return this.#incoming;
  }

  /** The bounded queue of frames to be sent. */
  get outgoing(): SendChannel<Frame> {
    return this.#outgoing;
  }

  /** Settles when nothing more will be received; never rejects. See `docs/closing.md` for which reason decides. */
  get closeReason(): Promise<CloseReason> {
    if (this.#reason === undefined) {
      this.#reason = new Deferred();
      if (this.#decided !== null) this.#reason.resolve(this.#decided);
    }
    return this.#reason.promise;
  }

  /** Settles when the connection is gone and all is released; never rejects. */
  get ended(): Promise<SessionEnd> {
    if (this.#end === undefined) {
      this.#end = new Deferred();
      if (this.#over !== null) this.#end.resolve(this.#over);
    }
    return this.#end.promise;
  }

  /** Aborts when the session can receive no more: the scope of whatever runs for the session's sake. */
  get signal(): AbortSignal {
    if (this.#lifetime === undefined) {
      this.#lifetime = new AbortController();
      if (this.#decided !== null) this.#lifetime.abort(errorOf(this.#endedBy));
    }
    return this.#lifetime.signal;
  }

  /** The largest frame that is accepted, in bytes. A larger one ends the session with 1009. */
  get maxFrameSize(): number {
    return this.transport.maxFrameSize;
  }

  set maxFrameSize(bytes: number) {
    this.transport.maxFrameSize = checkLimit("maxFrameSize", bytes);
  }

  /**
   * Whether frames are masked: RFC 6455 section 5.1 wants it of clients and forbids it to servers, so another value
   * than the present one is refused.
   */
  get masking(): boolean {
    return this.transport.masking;
  }

  set masking(value: boolean) {
    if (value === this.masking) return;
    throw new InvalidArgumentError(
      `masking cannot be ${shown(value)}: a client masks its frames and a server does not (RFC 6455 section 5.1)`,
    );
  }

  /**
   * Sends a string as a text message, bytes as a binary message, or a frame as it is. Resolves when the frame is in
   * the bounded outgoing queue; waits while the queue is full, and now and then for a turn of the event loop. The content
   * was copied at the call. Concurrent calls keep their order. Aborting it, while it waits for room, sends nothing.
   *
   * An async iterable is one message in parts, strings or bytes: a fragment for each, sent as it comes, with
   * backpressure. Other messages wait for its end, while control frames pass; it resolves when all of it is in the
   * queue. Without a part nothing is sent. Once it has begun, an abort, or an error of the iterable, ends the session
   * with 1011, because the peer cannot be told otherwise that the rest is missing.
   *
   * @throws {@link ChannelClosedError} after `close()` or the peer's Close frame, else what ended the session
   * @throws {@link InvalidArgumentError} for content that cannot be sent
   * @throws what the iterable throws
   */
  send(content: string | BinaryData | Frame | MessageParts, options?: SendOptions): Promise<void> {
    if (areParts(content)) return this.#outgoing.sendParts(content, options);
    let frame: Frame;
    try {
      frame = frameOf(content);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#outgoing.send(frame, options);
  }

  /**
   * Resolves when all frames sent before were handed to the operating system; that the peer has them it cannot tell.
   *
   * @throws what ended the session, if any of the frames was dropped
   */
  flush(): Promise<void> {
    return this.#outgoing.flush();
  }

  /**
   * The closing handshake (RFC 6455 section 7): sends a Close frame behind the frames accepted so far, waits for the
   * peer's, and for the connection to end. Past the timeout, which counts from the call, the connection is dropped.
   * Further calls wait for the same end.
   *
   * @param reason - `{ code, message }`; 1000 by default
   * @returns how the session ended
   * @throws {@link InvalidArgumentError} for what is no reason, a code that must not be sent, a message over 123 bytes,
   * or an option that does not exist or cannot be used; nothing was sent
   * @throws {@link UnsupportedCapabilityError} for a code that this engine cannot send, without `closeCodes`
   */
  async close(
    reason: CloseReason | CloseReasonInit = { code: CloseReason.Codes.NORMAL },
    options: CloseOptions = {},
  ): Promise<SessionEnd> {
    const frame = new Frame.Close(reason);
    this.transport.checkClose?.(frame);
    const { timeout = this.#closeTimeout } = pickOptions<CloseOptions>("close", options, ["timeout"]);
    this.#beginClose(frame, checkTimeout("timeout", timeout));
    return await this.ended;
  }

  /** Closes for a reason of our own, which becomes what the engine can send. @internal */
  async leave(reason: CloseReason): Promise<SessionEnd> {
    this.#beginClose(new Frame.Close(reason), this.#closeTimeout);
    return await this.ended;
  }

  /**
   * Drops the connection now, without a Close frame. What `incoming` holds stays readable; then it fails.
   *
   * @param cause - what receivers and senders get @defaultValue a {@link ChannelClosedError}
   */
  cancel(cause: unknown = new ChannelClosedError("the session was cancelled")): void {
    this.#beginLocally();
    this.#error ??= cause;
    this.#decide(this.#reasonOr("the session was cancelled"), cause);
    this.#finish();
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Looks at a frame before it goes to `incoming`.
   * @returns whether the frame was for the session itself
   * @internal
   */
  consume(_frame: Frame): boolean {
    return false;
  }

  /**
   * From now on data frames come in pieces, as they arrive, and go where `sinkOf` says instead of into `incoming`.
   * @internal
   */
  divert<Sink extends FrameSink>(
    sinkOf: (incoming: Channel<Frame>, fail: (error: FrameTooBigError) => void) => Sink,
  ): Sink {
    const sink = sinkOf(this.#incoming, (error) => {
      error.locate({ phase: "open", url: this.#url });
      this.fail(CloseReason.truncated(error.closeCode, error.message), error, true);
    });
    this.#receiving.sink = sink;
    if (this.#isClosing) sink.dropWhenFull();
    void this.transport.ending.then(() => sink.liftBounds());
    this.transport.stream();
    return sink;
  }

  /** Called before and after a wait in which nothing is read. @internal */
  readingPaused(_isPaused: boolean): void {}

  /** Called when the session begins to close, and when nothing more will be received. @internal */
  protected stopped(): void {}

  /**
   * Gives the session up for a reason of our own: says so to the peer and ends.
   * @param lingers - whether to read on, for a while, until the peer has seen it
   * @internal
   */
  protected fail(reason: CloseReason, error: unknown, lingers: boolean): void {
    if (this.#decided !== null) return;
    this.#beginLocally();
    this.#error = error;
    this.transport.send(new Frame.Close(reason));
    // What came first decides, though the session may not have seen it yet.
    const { received } = this.transport.closing;
    this.#decide(this.#ours ?? (received === null ? reason : reasonOf(received)), error);
    if (lingers) this.#startDeadline(this.#closeTimeout);
    else this.#finish();
  }

  /** @internal */
  receivingEnded(error: unknown): void {
    // Of a connection that we failed it is of no interest any more how it ends.
    if (this.#isLingering) return this.#finish();
    if (error === undefined) this.#connectionEnded();
    else this.#connectionFailed(error);
    // It is read on until the peer has our Close frame, or the deadline passes.
    this.#isLingering = this.transport.closing.failure !== null && !this.#isOver;
    if (this.#isLingering) this.#receiving.goOn();
    else this.#finish();
  }

  /** @internal */
  incomingOverflowed(error: ChannelOverflowError): void {
    error.locate({ phase: "open", url: this.#url });
    const reason = new CloseReason(CloseReason.Codes.INTERNAL_ERROR, "incoming channel overflowed");
    this.fail(reason, error, true);
  }

  /** The peer's Close frame has come. @internal */
  closeReceived(frame: Frame.Close): void {
    this.#initiator ??= "peer";
    this.#startDeadline(this.#closeTimeout);
    this.#decide(this.#ours ?? reasonOf(frame), undefined);
  }

  #beginClose(frame: Frame.Close, timeout: number): void {
    if (this.#isClosing || this.#isOver) return;
    this.#isClosing = true;
    this.#beginLocally();
    if (this.transport.closing.received === null) this.#ours = reasonOf(frame);
    this.stopped();
    this.#receiving.liftBoundsAtEnd();
    this.#receiving.sink.dropWhenFull();
    this.#outgoing.finish(frame);
    this.#startDeadline(timeout);
  }

  /** We act first, unless the transport knows better: a Close frame may lie behind messages that were not taken yet. */
  #beginLocally(): "local" | "peer" {
    this.#initiator ??= this.transport.closing.initiator ?? "local";
    return this.#initiator;
  }

  // What follows is for `outgoing`, which knows the session as its owner: methods, where closures would be 300 bytes of each.

  /** @internal */
  beginClose(frame: Frame.Close): void {
    this.transport.checkClose?.(frame);
    this.#beginClose(frame, this.#closeTimeout);
  }

  /** @internal */
  overflowed(error: ChannelOverflowError): void {
    error.locate({ phase: "open", url: this.#url });
    const reason = new CloseReason(CloseReason.Codes.INTERNAL_ERROR, "outgoing channel overflowed");
    this.fail(reason, error, false);
  }

  /** @internal */
  unfinished(error: unknown): void {
    const reason = new CloseReason(CloseReason.Codes.INTERNAL_ERROR, "a message could not be finished");
    this.fail(reason, error, true);
  }

  /** @internal */
  lost(): Promise<unknown> {
    return this.closeReason;
  }

  /** Whoever begins to close sets the deadline, and nothing puts it off. */
  #startDeadline(timeout: number): void {
    if (this.#isOver) return;
    this.#deadline ??= new Deadline(this.#clock);
    this.#deadline.set(timeout, () => {
      if (!this.transport.closing.isComplete) {
        const text = `the closing handshake was not completed within ${timeout} ms`;
        this.#error ??= new TimeoutError(text, timeout, { phase: "closing", url: this.#url });
      }
      this.#decide(this.#reasonOr("the closing handshake timed out"), this.#error);
      this.#finish();
    });
  }

  /** The peer has ended the connection. */
  #connectionEnded(): void {
    if (this.transport.closing.received === null) {
      this.#connectionFailed(
        new ConnectionError("the peer ended the connection without a Close frame", {
          phase: this.#isClosing ? "closing" : "open",
          url: this.#url,
        }),
      );
    }
  }

  #connectionFailed(error: unknown): void {
    const { failure, isComplete } = this.transport.closing;
    // Whatever breaks a connection that was closed cleanly is of no interest any more.
    if (isComplete) return;
    // The protocol knows no URL, and not that somebody is waiting for the end.
    failure?.locate({ phase: this.#isClosing ? "closing" : "open", url: this.#url });
    this.#initiator ??= failure === null ? "peer" : "local";
    this.#error ??= error;
    if (failure !== null) this.#startDeadline(this.#closeTimeout);
    this.#decide(this.#reasonOr("the connection was lost"), error);
  }

  #reasonOr(message: string): CloseReason {
    return decidingReason(this.#ours, this.transport.closing, message);
  }

  /**
   * Nothing more will be received: settles everything but the end of the connection. Only the first call counts.
   * @returns the reason that decided
   */
  #decide(reason: CloseReason, error: unknown): CloseReason {
    if (this.#decided !== null) return this.#decided;
    this.#decided = reason;
    this.stopped();
    const end = error ?? new CleanEnd("the session is closed");
    this.#endedBy = end;
    this.#receiving.sink.end(end, error === undefined);
    // A raw session may still answer the peer's Close frame.
    if (error !== undefined || this.transport.closing.sent !== null) this.#outgoing.fail(end);
    this.#reason?.resolve(reason);
    this.#lifetime?.abort(errorOf(end));
    return reason;
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline?.cancel();
    const { transport } = this;
    const { closing } = transport;
    const reason = this.#decide(this.#reasonOr("the connection was lost"), this.#error);
    this.#outgoing.fail(this.#error ?? this.#endedBy);
    transport.dispose();
    this.#over = {
      clean: closing.isComplete,
      reason,
      sent: closing.sent?.readReason() ?? null,
      received: closing.peerReason,
      initiator: this.#beginLocally(),
      error: this.#error,
      unsent: this.#outgoing.dropped + transport.output.pendingMessages,
      discarded: this.#receiving.sink.discarded,
    };
    this.#end?.resolve(this.#over);
    this.#onEnd?.(this);
  }
}

function sizeOf(frame: Frame): number {
  return frame.size;
}
