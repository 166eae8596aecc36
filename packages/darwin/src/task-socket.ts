// SPDX-License-Identifier: Apache-2.0
import type { CancelTimer, Clock, CloseReason } from "halyard";
import type { MessageListener, MessageSocket } from "halyard/engine";
import { bytesOf, dataOf, reasonData, reasonText } from "./bytes.ts";
import { DarwinRequestError, faultOf, isCancellation } from "./errors.ts";
import type {
  DarwinFoundation,
  FoundationData,
  FoundationError,
  FoundationMessage,
  FoundationWebSocketTask,
} from "./foundation.ts";
import type { TaskEvents, TaskSession } from "./task-session.ts";

/** How long the rest is waited for, in milliseconds, when a part of the platform has said that it is over. */
const settleTime = 250;

export interface TaskSocketOptions {
  readonly foundation: DarwinFoundation;
  readonly clock: Clock;
  readonly safeUrl: string;
  readonly maximumMessageSize: number;
}

/**
 * An open NSURLSessionWebSocketTask. In which order Apple tells of an end, by the receive that waits, by `didClose` and by
 * `didComplete`, and which of them it leaves out, is not documented: the end is told when the messages before it are
 * received and one of the two has come; or shortly after the first sign of it, should nothing more come.
 */
export class TaskSocket implements MessageSocket, TaskEvents {
  /** Of messages that were not sent yet, or never will be. */
  bufferedAmount = 0;
  readonly #task: FoundationWebSocketTask;
  readonly #session: TaskSession;
  readonly #options: TaskSocketOptions;
  #listener: MessageListener | null = null;
  #isPaused = false;
  #isReceiving = false;
  /** A receive has failed: no more messages will come. */
  #isDrained = false;
  /** The first that a handler was given. */
  #failure: FoundationError | null = null;
  /** What the delegate was told. */
  #close: { readonly code: number; readonly message: string } | null = null;
  #completion: { readonly error: FoundationError | null } | null = null;
  #unsentMessages = 0;
  /** Our reason to close, while what was sent before is written. */
  #waitingClose: { readonly reason: CloseReason | null } | null = null;
  #isClosedByUs = false;
  /** Of the ping that is under way, and of the newest that waits for it. */
  #ping: Uint8Array | null = null;
  #nextPing: Uint8Array | null = null;
  #cancelSettling: CancelTimer | null = null;
  #isOver = false;

  constructor(task: FoundationWebSocketTask, session: TaskSession, options: TaskSocketOptions) {
    this.#task = task;
    this.#session = session;
    this.#options = options;
  }

  begin(listener: MessageListener): void {
    this.#listener = listener;
    this.#session.watch(this.#task, this);
    this.#receive();
  }

  send(content: string | Uint8Array): void {
    const { foundation } = this.#options;
    const message = foundation.NSURLSessionWebSocketMessage.alloc();
    const size = content.length;
    this.bufferedAmount += size;
    this.#unsentMessages++;
    this.#task.sendMessageCompletionHandler(
      typeof content === "string"
        ? message.initWithString(content)
        : message.initWithData(dataOf(foundation, content)),
      (error) => {
        // What was not sent waits for ever, so that nobody takes it for sent.
        if (error === null) this.bufferedAmount -= size;
        this.#unsentMessages--;
        this.#handled(error);
        this.#closeWhenSent();
      },
    );
  }

  close(reason: CloseReason | null): void {
    this.#waitingClose = { reason };
    this.#closeWhenSent();
  }

  drop(): void {
    this.#finish();
    if (this.#completion === null) this.#task.cancel();
  }

  /** Apple's pings have no payload, and several under way disturb each other: only the newest waits for its turn. */
  ping(payload: Uint8Array): void {
    if (this.#ping !== null) {
      this.#nextPing = payload;
      return;
    }
    this.#ping = payload;
    let isAnswered = false;
    this.#task.sendPingWithPongReceiveHandler((error) => {
      if (isAnswered || this.#isOver) return;
      // It may be called a second time.
      isAnswered = true;
      this.#ping = null;
      if (error !== null) return this.#handled(error);
      this.#listener?.pong?.(payload);
      this.#sendNextPing();
    });
  }

  pause(): void {
    this.#isPaused = true;
    this.#stopSettling();
  }

  resume(): void {
    this.#isPaused = false;
    this.#receive();
    this.#settle();
  }

  opened(): void {
    return;
  }

  closed(code: number, reason: FoundationData | null): void {
    this.#close = { code, message: reasonText(this.#options.foundation, reason) };
    this.#settle();
  }

  completed(error: FoundationError | null): void {
    this.#completion = { error };
    this.#settle();
  }

  /** The next message is asked for when this one was taken: whoever does not take it stops the peer. */
  #receive(): void {
    if (this.#isOver || this.#isPaused || this.#isReceiving || this.#isDrained || this.#isClosedByUs) return;
    this.#isReceiving = true;
    this.#task.receiveMessageWithCompletionHandler((message, error) => {
      this.#isReceiving = false;
      if (message === null) {
        this.#isDrained = true;
        this.#failure ??= error;
        return this.#settle();
      }
      if (this.#isOver) return;
      this.#deliver(message);
      this.#receive();
      this.#stopSettling();
      this.#settle();
    });
  }

  #deliver({ string, data }: FoundationMessage): void {
    this.#listener?.message(string ?? bytesOf(this.#options.foundation, data));
  }

  #handled(error: FoundationError | null): void {
    if (error === null) return;
    this.#failure ??= error;
    this.#settle();
  }

  #sendNextPing(): void {
    const payload = this.#nextPing;
    this.#nextPing = null;
    if (payload !== null && !this.#isOver && this.#waitingClose === null) this.ping(payload);
  }

  /** Apple may drop what is not written yet when it is told to close. */
  #closeWhenSent(): void {
    if (this.#waitingClose === null || this.#isClosedByUs || this.#isOver || this.#unsentMessages > 0) return;
    this.#isClosedByUs = true;
    const { code = 1000, message = "" } = this.#waitingClose.reason ?? {};
    this.#task.cancelWithCloseCodeReason(code, reasonData(this.#options.foundation, message));
    this.#settle();
  }

  #settle(): void {
    if (this.#isOver) return;
    const isTold = this.#close !== null || this.#completion !== null;
    // Behind our own close nothing more is received, and for how long it is waited is the session's to say.
    if (isTold && (this.#isDrained || this.#isClosedByUs)) return this.#tell();
    if (this.#isClosedByUs || this.#isPaused || this.#cancelSettling !== null) return;
    if (isTold || this.#failure !== null || this.#isDrained) {
      this.#cancelSettling = this.#options.clock.after(settleTime, () => this.#tell());
    }
  }

  #stopSettling(): void {
    this.#cancelSettling?.();
    this.#cancelSettling = null;
  }

  #tell(): void {
    const listener = this.#listener;
    const { maximumMessageSize, safeUrl } = this.#options;
    const error = this.#completion?.error ?? this.#failure;
    const close = this.#close ?? this.#closeOfTask();
    this.#finish();
    const fault = this.#isClosedByUs
      ? null
      : (faultOf(error, maximumMessageSize, safeUrl) ?? faultOf(this.#failure, maximumMessageSize, safeUrl));
    if (fault !== null) listener?.failed(fault);
    else if (close !== null && isOfPeer(close.code)) listener?.closed(close.code, close.message);
    else if (this.#isClosedByUs && this.#isCompletedAsAsked()) listener?.closed(1005, "");
    else listener?.failed(error === null ? undefined : new DarwinRequestError(error));
  }

  /** What the task holds of a Close frame that the delegate was not told of. */
  #closeOfTask(): { readonly code: number; readonly message: string } | null {
    const { closeCode, closeReason } = this.#task;
    return closeCode === 0
      ? null
      : { code: closeCode, message: reasonText(this.#options.foundation, closeReason) };
  }

  /** That a task is complete that we have closed is all that some versions tell of the peer's answer. */
  #isCompletedAsAsked(): boolean {
    if (this.#completion === null) return false;
    const { error } = this.#completion;
    return error === null || isCancellation(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#stopSettling();
    this.#session.forget(this.#task);
  }
}

/** 0 is none, and 1006 and 1015 tell that no Close frame came. */
function isOfPeer(code: number): boolean {
  return code !== 0 && code !== 1006 && code !== 1015;
}
