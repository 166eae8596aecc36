// SPDX-License-Identifier: Apache-2.0
import type { EngineCapability } from "../../client/engine.ts";
import { UnsupportedCapabilityError } from "../../client/errors.ts";
import { copyOf, decodeUtf8, encodeUtf8, utf8Length } from "../../protocol/bytes.ts";
import { CloseReason, mayBeSent } from "../../protocol/close-reason.ts";
import { ClosingHandshake } from "../../protocol/closing-handshake.ts";
import { FrameTooBigError, HalyardError, ProtocolViolationError } from "../../protocol/errors.ts";
import { Frame, wholeFromWire } from "../../protocol/frame.ts";
import { OutgoingGuard } from "../../protocol/outgoing-guard.ts";
import type { Clock } from "../../session/clock.ts";
import { ConnectionError } from "../../session/errors.ts";
import type { BatchReceiver, Transport } from "../../session/transport.ts";
import { Deferred } from "../../session/waiting.ts";
import { JoinedMessage } from "./joined-message.ts";
import type { MessageListener, MessageSocket } from "./message-socket.ts";
import { isPortable, portableReason } from "./portable-codes.ts";
import { SentMessages } from "./sent-messages.ts";

/** What is taken ahead of the session before a socket that can be paused is. */
const aheadMessages = 256;
const aheadBytes = 256 * 1024;

export interface MessageTransportOptions {
  readonly clock: Clock;
  /** For errors, free of secrets. */
  readonly url: string;
  /** The engine's name. */
  readonly engine: string;
  /** Whether the platform sends any close code that may be sent. */
  readonly anyCode: boolean;
}

/** A platform's WebSocket as the session sees it: whole messages become frames, and its end a Close frame. */
export class MessageTransport implements Transport, MessageListener {
  readonly closing: ClosingHandshake = new ClosingHandshake();
  readonly masking = true;
  readonly output: SentMessages;
  bytesReceived = 0;
  readonly #socket: MessageSocket;
  readonly #options: MessageTransportOptions;
  readonly #guard = new OutgoingGuard();
  readonly #ending = new Deferred<void>();
  /** The message whose last fragment is still to come from the session. */
  #joined: JoinedMessage | null = null;
  #batch: Frame[] = [];
  #batchBytes = 0;
  #receiver: BatchReceiver | null = null;
  #isPaused = false;
  #hasEnded = false;
  /** What is to be told once, behind the messages that came before it. */
  #error: Error | null = null;

  constructor(socket: MessageSocket, options: MessageTransportOptions) {
    this.#socket = socket;
    this.#options = options;
    this.output = new SentMessages(socket, options.clock);
  }

  /** The platform has a limit of its own, which it does not tell. */
  get maxFrameSize(): number {
    return Infinity;
  }

  set maxFrameSize(bytes: number) {
    if (bytes !== Infinity) throw this.#lacks("frameLimits", "it cannot limit frames; leave maxFrameSize");
  }

  get ending(): Promise<void> {
    return this.#ending.promise;
  }

  receive(receiver: BatchReceiver): void {
    this.#receiver = receiver;
    this.#settleReceiver();
  }

  /** Messages come whole. */
  stream(): void {
    return;
  }

  send(frame: Frame): boolean {
    if (this.#hasEnded || !this.closing.canSend) return false;
    if (frame.type === "close") this.#sendClose(frame);
    else if (frame.type === "text" || frame.type === "binary") this.#sendData(frame);
    else if (frame.type === "ping" && this.#socket.ping !== undefined) this.#socket.ping(copyOf(frame.data));
    else throw this.#lacks("pingPong", `it cannot send a ${frame.type}; the platform answers pings itself`);
    return true;
  }

  checkPing(): void {
    if (this.#socket.ping !== undefined) return;
    throw this.#lacks("pingPong", "it cannot ping; give a heartbeat, a message that the server answers");
  }

  checkClose(frame: Frame.Close): void {
    const { anyCode } = this.#options;
    const code = frame.readReason()?.code;
    if (anyCode || code === undefined || isPortable(code)) return;
    throw this.#lacks("closeCodes", `it cannot close with ${code}; use 1000, or a code from 3000 to 4999`);
  }

  dispose(): void {
    this.#end(null);
    this.#socket.drop();
    this.#batch = [];
    this.#error = null;
    this.#settleReceiver();
  }

  message(content: string | Uint8Array): void {
    if (this.#hasEnded) return;
    const frame =
      typeof content === "string"
        ? new Frame.Text(content, wholeFromWire, utf8Length(content))
        : new Frame.Binary(content);
    this.bytesReceived += frame.size;
    this.#add(frame, frame.size);
  }

  pong(payload: Uint8Array): void {
    if (this.#hasEnded) return;
    const frame = new Frame.Pong(payload);
    // An empty one is a sign of life, too.
    this.bytesReceived += frame.size + 1;
    this.#add(frame, frame.size);
  }

  closed(code: number, message: string): void {
    if (this.#hasEnded) return;
    // Browsers pass on what a peer must not send; the other engines fail the connection for it.
    if (code !== CloseReason.Codes.NO_STATUS && !mayBeSent(code)) {
      return this.#fault(new ProtocolViolationError(`the peer sent close code ${code}`, 1002));
    }
    const frame = closeFrame(code, message);
    this.closing.closeReceived(frame);
    if (this.closing.sent === null) this.closing.closeSent(frame);
    this.#end(null);
    this.#add(frame, 0);
  }

  failed(cause?: unknown, received?: { readonly code: number; readonly message: string }): void {
    if (this.#hasEnded) return;
    if (received !== undefined) this.closing.closeReceived(closeFrame(received.code, received.message));
    if (cause instanceof ProtocolViolationError || cause instanceof FrameTooBigError)
      return this.#fault(cause);
    const { url } = this.#options;
    const phase = this.closing.initiator === null ? "open" : "closing";
    this.#end(
      cause === undefined
        ? null
        : HalyardError.is(cause)
          ? cause
          : new ConnectionError(`the connection was lost: ${textOf(cause)}`, { phase, url, cause }),
    );
    this.#settleReceiver();
  }

  written(): void {
    this.output.written();
  }

  #lacks(capability: EngineCapability, wanted: string): UnsupportedCapabilityError {
    const { engine, url } = this.#options;
    return new UnsupportedCapabilityError(engine, capability, wanted, { url });
  }

  #sendClose(frame: Frame.Close): void {
    const reason = frame.readReason();
    this.closing.closeSent(frame);
    this.#socket.close(reason === null ? null : this.#options.anyCode ? reason : portableReason(reason));
  }

  #sendData(frame: Frame.Text | Frame.Binary): void {
    this.#guard.check(frame);
    if (this.#joined === null && frame.fin) {
      this.#write(frame.type === "binary" ? frame.data : (frame.text ?? decodeUtf8(frame.data)), frame);
      return;
    }
    this.#joined ??= new JoinedMessage();
    this.#joined.add(frame.data);
    this.output.gatheredBytes = this.#joined.size;
    if (!frame.fin) return;
    const content = this.#joined.take();
    this.#joined = null;
    this.output.gatheredBytes = 0;
    this.#write(frame.type === "text" ? decodeUtf8(content) : content, { size: content.length });
  }

  #write(content: string | Uint8Array, { size }: { readonly size: number }): void {
    this.#socket.send(typeof content === "string" ? wellFormed(content) : content);
    this.output.add(size);
  }

  #add(frame: Frame, size: number): void {
    this.#batch.push(frame);
    this.#batchBytes += size;
    if (this.#receiver !== null) return this.#settleReceiver();
    if (this.#batch.length < aheadMessages && this.#batchBytes < aheadBytes) return;
    this.#isPaused = true;
    this.#socket.pause?.();
  }

  /** First what has arrived, then once what went wrong, then the end. */
  #settleReceiver(): void {
    const receiver = this.#receiver;
    if (receiver === null) return;
    if (this.#batch.length > 0) {
      receiver.received(this.#batch);
      this.#batch = [];
      this.#batchBytes = 0;
    } else if (this.#error !== null) {
      receiver.receivingFailed(this.#error);
      this.#error = null;
    } else if (this.#hasEnded) {
      receiver.received(null);
    } else {
      return this.#resume();
    }
    this.#receiver = null;
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume?.();
  }

  /** The peer broke a rule, for which the connection was failed. */
  #fault(error: ProtocolViolationError | FrameTooBigError): void {
    if (this.closing.canSend) this.closing.closeSent(new Frame.Close({ code: error.closeCode }));
    this.closing.failed(error);
    this.#end(error);
    this.#settleReceiver();
  }

  #end(error: Error | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#error = error;
    this.output.stop();
    this.#ending.resolve();
  }
}

/** The peer's. */
function closeFrame(code: number, message: string): Frame.Close {
  return new Frame.Close(
    code === CloseReason.Codes.NO_STATUS ? undefined : CloseReason.truncated(code, message),
  );
}

/** What `send` of the platform must be given: workerd would send a lone surrogate as it is, which is not UTF-8. */
function wellFormed(text: string): string {
  return (text as { toWellFormed?: () => string }).toWellFormed?.() ?? decodeUtf8(encodeUtf8(text));
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
