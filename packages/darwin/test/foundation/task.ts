// SPDX-License-Identifier: Apache-2.0
// NSURLSessionWebSocketTask.
import type { Socket } from "node:net";
import { Frame, type HalyardError, ProtocolViolationError } from "halyard/protocol";
import type {
  FoundationData,
  FoundationError,
  FoundationMessage,
  FoundationWebSocketTask,
} from "../../src/foundation.ts";
import { Dialing } from "./dialing.ts";
import { type Head, header } from "./head.ts";
import type { Session } from "./session.ts";
import { misuse, strict } from "./strict.ts";
import {
  bytesIn,
  dataMessage,
  dataOf,
  posixError,
  type RequestCopy,
  responseOf,
  textMessage,
  urlError,
} from "./values.ts";
import { Wire } from "./wire.ts";

const [EMSGSIZE, ECONNRESET, ENOTCONN, ECANCELED, EPROTO] = [40, 54, 57, 89, 100];
/** What is read ahead of whoever receives, in bytes. */
const readAhead = 64 * 1024;

type Handler = (error: FoundationError | null) => void;
type ReceiveHandler = (message: FoundationMessage | null, error: FoundationError | null) => void;

interface Sending {
  readonly message: FoundationMessage;
  readonly handler: Handler;
}

/** How a task ends. */
interface End {
  readonly receiveError: FoundationError;
  readonly close?: { readonly code: number; readonly reason: Uint8Array } | undefined;
  /** Undefined when the delegate is not told that it is complete. */
  readonly complete: FoundationError | null | undefined;
}

export class Task {
  readonly facade: FoundationWebSocketTask;
  readonly #session: Session;
  readonly #request: RequestCopy;
  readonly #dialing: Dialing;
  #state: "suspended" | "connecting" | "open" | "over" = "suspended";
  #maximumMessageSize = 2 ** 20;
  #response: object | null = null;
  #closeCode = 0;
  #closeReason: FoundationData | null = null;
  #wire: Wire | null = null;
  #messages: Frame[] = [];
  #receive: ReceiveHandler | null = null;
  /** What is told of the end behind the messages. */
  #tellEnd: (() => void) | null = null;
  #receiveError: FoundationError | null = null;
  #ping: Handler | null = null;
  #outbox: Sending[] = [];
  #localClose: { readonly code: number; readonly reason: Uint8Array } | null = null;
  #isSilent = false;
  #cancelTimeout: (() => void) | null = null;

  constructor(session: Session, request: RequestCopy, identifier: number) {
    this.#session = session;
    this.#request = request;
    this.facade = this.#makeFacade(identifier);
    const { world, anchors } = session;
    this.#dialing = new Dialing(world, anchors, {
      challenged: (trust, decide) => session.challenge(this.facade, trust, decide),
      redirected: (head, next, decide) => session.redirect(this.facade, head, next, decide),
      opened: (socket, head) => this.#opened(socket, head),
      failed: (error, head) => this.#refused(error, head),
    });
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  cancel(): void {
    this.#dialing.cancel();
    this.#end({
      receiveError: urlError(this.#session.world, -999),
      complete: urlError(this.#session.world, -999),
    });
    this.#wire?.destroy();
  }

  #makeFacade(taskIdentifier: number): FoundationWebSocketTask {
    const { world } = this.#session;
    const response = () => this.#response;
    const limit = () => this.#maximumMessageSize;
    const close = () => ({ code: this.#closeCode, reason: this.#closeReason });
    const setLimit = (bytes: number) => {
      if (this.#state !== "suspended") misuse(world, "maximumMessageSize is set after resume");
      if (!Number.isSafeInteger(bytes) || bytes < 0) misuse(world, `maximumMessageSize is ${bytes}`);
      this.#maximumMessageSize = bytes;
    };
    return strict(world, "NSURLSessionWebSocketTask", {
      taskIdentifier,
      get maximumMessageSize(): number {
        return limit();
      },
      set maximumMessageSize(bytes: number) {
        setLimit(bytes);
      },
      get response() {
        return response();
      },
      get closeCode() {
        return close().code;
      },
      get closeReason() {
        return close().reason;
      },
      resume: () => {
        if (this.#state !== "suspended") misuse(world, "resume is called twice");
        this.#state = "connecting";
        this.#dialing.dial(this.#request);
      },
      cancel: () => this.cancel(),
      sendMessageCompletionHandler: (message: FoundationMessage, handler: Handler) =>
        this.#sendMessage(message, handler),
      receiveMessageWithCompletionHandler: (handler: ReceiveHandler) => this.#receiveMessage(handler),
      sendPingWithPongReceiveHandler: (handler: Handler) => this.#sendPing(handler),
      cancelWithCloseCodeReason: (code: number, reason: unknown) => this.#close(code, reason),
    });
  }

  #sendMessage(message: FoundationMessage, handler: Handler): void {
    this.#mustBeUsable("sendMessage");
    this.#outbox.push({ message, handler });
    // Not at once: until then the message is only held.
    setImmediate(() => this.#flush());
  }

  #receiveMessage(handler: ReceiveHandler): void {
    this.#mustBeUsable("receiveMessage");
    if (this.#receive !== null) misuse(this.#session.world, "receiveMessage while another one is pending");
    this.#receive = handler;
    this.#deliver();
  }

  #sendPing(handler: Handler): void {
    const { world } = this.#session;
    this.#mustBeUsable("sendPing");
    if (this.#ping !== null) misuse(world, "sendPing while another one is pending");
    if (this.#wire === null || this.#state === "over")
      return this.#tell(() => handler(posixError(world, ENOTCONN)));
    this.#ping = handler;
    this.#wire.send(new Frame.Ping());
  }

  #close(code: number, data: unknown): void {
    const { world } = this.#session;
    const { dialect } = world;
    this.#mustBeUsable("cancelWithCloseCode");
    const reason = data === null ? new Uint8Array(0) : new Uint8Array(bytesIn(world, data));
    if (!(code >= 1000 && code <= 4999) || (code >= 1004 && code <= 1006) || code === 1015)
      misuse(world, `the close code is ${code}`);
    if (reason.length > 123) misuse(world, `the close reason has ${reason.length} bytes`);
    this.#localClose = { code, reason };
    if (this.#wire === null || this.#state === "over") return this.cancel();
    if (dialect.cancelLosesUnsent) this.#dropOutbox();
    setImmediate(() => this.#flush());
    this.#failReceive(posixError(world, ENOTCONN));
    this.#isSilent = dialect.cancelCompletes || dialect.cancelCompletesClean || dialect.cancelIsUntold;
    if (dialect.cancelCompletes) this.#tellComplete(urlError(world, -999));
    if (dialect.cancelCompletesClean) this.#tellComplete(null);
  }

  #mustBeUsable(what: string): void {
    if (this.#localClose !== null) misuse(this.#session.world, `${what} after cancelWithCloseCode`);
    if (this.#state === "suspended") misuse(this.#session.world, `${what} before resume`);
  }

  #opened(socket: Socket, head: Head): void {
    const { world, clock } = this.#session;
    const { dialect } = world;
    this.#state = "open";
    this.#response = responseOf(world, head.status, head.headers);
    const protocol = dialect.protocolIsNil ? null : (header(head, "Sec-WebSocket-Protocol") ?? null);
    this.#session.tell("URLSessionWebSocketTaskDidOpenWithProtocol", this.facade, protocol);
    const restartTimeout = () => {
      this.#cancelTimeout?.();
      const milliseconds = this.#request.timeout * 1000;
      // What Node cannot wait for it would not wait for at all.
      if (dialect.timesOut && milliseconds < 2 ** 31) {
        this.#cancelTimeout = clock.after(milliseconds, () => this.#timedOut());
      }
    };
    const limit = this.#maximumMessageSize === 0 ? Infinity : this.#maximumMessageSize;
    this.#wire = new Wire(socket, limit, {
      received: (frame) => {
        restartTimeout();
        this.#received(frame);
      },
      faulted: (failure) => this.#faulted(failure),
      lost: () => this.#lost(),
      drained: () => this.#flush(),
    });
    restartTimeout();
    this.#wire.receive(head.rest);
    this.#gate();
  }

  #refused(error: FoundationError, head: Head | null): void {
    const { world } = this.#session;
    if (head !== null) {
      this.#response = responseOf(world, head.status, head.headers);
      if (world.dialect.refusedOpens && head.status !== 101) {
        this.#session.tell("URLSessionWebSocketTaskDidOpenWithProtocol", this.facade, null);
      }
    }
    this.#end({ receiveError: error, complete: error });
  }

  #received(frame: Frame): void {
    if (frame.type === "text" || frame.type === "binary") {
      this.#messages.push(frame);
      this.#deliver();
    } else if (frame.type === "pong") {
      this.#ponged();
    } else if (frame.type === "close") {
      const { code, message } = frame.readReason() ?? { code: 1005, message: "" };
      const reason = new TextEncoder().encode(message);
      this.#end({
        receiveError: posixError(this.#session.world, ENOTCONN),
        close: { code, reason },
        complete: null,
      });
    }
  }

  #ponged(): void {
    const handler = this.#ping;
    if (handler === null) return;
    this.#tell(() => {
      this.#ping = null;
      handler(null);
    });
    if (this.#session.world.dialect.pongTwice) this.#tell(() => handler(null));
  }

  #faulted(failure: HalyardError): void {
    const { world } = this.#session;
    const isViolation = failure instanceof ProtocolViolationError;
    const error = posixError(world, isViolation ? EPROTO : EMSGSIZE);
    const code = isViolation ? failure.closeCode : 1009;
    const close = world.dialect.faultCloses ? { code, reason: new Uint8Array(0) } : undefined;
    this.#end({ receiveError: error, close, complete: error });
  }

  #lost(): void {
    const { world } = this.#session;
    const { lossCloses, lossIsNoError, lossIsPosix, lossIsUntold } = world.dialect;
    const error = lossIsPosix ? posixError(world, ECONNRESET) : urlError(world, -1005);
    const complete = lossIsUntold ? undefined : lossIsNoError ? null : error;
    const close = lossCloses ? { code: 1006, reason: new Uint8Array(0) } : undefined;
    this.#end({ receiveError: posixError(world, ENOTCONN), close, complete });
  }

  #timedOut(): void {
    const error = urlError(this.#session.world, -1001);
    this.#end({ receiveError: error, complete: error });
    this.#wire?.destroy();
  }

  #end(end: End): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#cancelTimeout?.();
    this.#dropOutbox();
    const ping = this.#ping;
    if (ping !== null) this.#tell(() => ping(end.receiveError));
    if (this.#isSilent) return;
    const tellEnd = () => this.#tellAll(end);
    if (this.#messages.length === 0 || this.#session.world.dialect.endOvertakes) tellEnd();
    else this.#tellEnd = tellEnd;
  }

  #tellAll({ receiveError, close, complete }: End): void {
    const { world } = this.#session;
    const { closeComesFirst, closeIsNoProperty, closeIsUntold, emptyIsNil } = world.dialect;
    const fail = () => this.#failReceive(receiveError);
    if (!closeComesFirst) fail();
    if (close !== undefined) {
      const { code, reason } = close;
      const data = reason.length === 0 && emptyIsNil ? null : dataOf(world, reason.slice().buffer);
      if (!closeIsNoProperty) {
        this.#closeCode = code;
        this.#closeReason = data;
      }
      if (!closeIsUntold) {
        this.#session.tell("URLSessionWebSocketTaskDidCloseWithCodeReason", this.facade, code, data);
      }
    }
    if (closeComesFirst) fail();
    if (complete !== undefined) this.#tellComplete(complete);
  }

  #tellComplete(error: FoundationError | null): void {
    this.#session.tell("URLSessionTaskDidCompleteWithError", this.facade, error);
  }

  #failReceive(error: FoundationError): void {
    this.#receiveError ??= error;
    const handler = this.#receive;
    if (handler === null || this.#session.world.dialect.receiveStays) return;
    this.#receive = null;
    this.#tell(() => handler(null, error));
  }

  #deliver(): void {
    const handler = this.#receive;
    if (handler !== null) {
      const { world } = this.#session;
      const frame = this.#messages.shift();
      if (frame !== undefined) {
        this.#receive = null;
        const message =
          frame.type === "text"
            ? textMessage(world, frame.readText())
            : dataMessage(world, new Uint8Array(frame.data).buffer);
        this.#tell(() => handler(message, null));
      } else if (this.#receiveError !== null) {
        this.#receive = null;
        const error = this.#receiveError;
        this.#tell(() => handler(null, error));
      }
    }
    if (this.#messages.length === 0) {
      const tellEnd = this.#tellEnd;
      this.#tellEnd = null;
      tellEnd?.();
    }
    this.#gate();
  }

  /** Reads for whoever receives, and a little ahead. */
  #gate(): void {
    if (this.#wire === null || this.#state === "over") return;
    const { readsOnDemand } = this.#session.world.dialect;
    const ahead = this.#messages.reduce((sum, { size }) => sum + size, 0);
    this.#wire.isReading =
      this.#receive !== null || this.#localClose !== null || (!readsOnDemand && ahead < readAhead);
  }

  #flush(): void {
    const wire = this.#wire;
    if (wire === null || this.#state !== "open") return;
    const { world } = this.#session;
    while (!wire.isFull) {
      const sending = this.#outbox.shift();
      if (sending === undefined) break;
      const { message, handler } = sending;
      const frame =
        message.string === null
          ? new Frame.Binary(new Uint8Array(bytesIn(world, message.data)))
          : new Frame.Text(message.string);
      wire.send(frame, (isWritten) =>
        this.#tell(() => handler(isWritten ? null : posixError(world, ENOTCONN))),
      );
    }
    if (this.#localClose !== null && this.#outbox.length === 0) {
      const { code, reason } = this.#localClose;
      wire.send(new Frame.Close({ code, message: new TextDecoder().decode(reason) }));
      this.#gate();
    }
  }

  #dropOutbox(): void {
    const error = posixError(this.#session.world, ECANCELED);
    for (const { handler } of this.#outbox.splice(0)) this.#tell(() => handler(error));
  }

  #tell(operation: () => void): void {
    this.#session.queue.run(operation);
  }
}
