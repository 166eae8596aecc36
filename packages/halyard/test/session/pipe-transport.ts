// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import { CloseReason } from "../../src/protocol/close-reason.ts";
import type { ClosingHandshake } from "../../src/protocol/closing-handshake.ts";
import { Connection } from "../../src/protocol/connection.ts";
import type { FrameTooBigError, ProtocolViolationError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { MaskingKeys } from "../../src/protocol/masking.ts";
import type { BatchReceiver, Output, Transport } from "../../src/session/transport.ts";
import { Deferred } from "../../src/session/waiting.ts";

export type Role = "client" | "server";

/** One end of a byte pipe. */
interface Sink {
  received(bytes: Uint8Array): void;
  ended(): void;
  broken(error: Error): void;
}

function connection(role: Role, mode: "raw" | "default", maxFrameSize = 2 ** 20): Connection {
  return new Connection({
    role,
    mode,
    keys: new MaskingKeys((target) => target.fill(0x5a)),
    limits: { maxFrameSize, maxMessageSize: 2 ** 20, maxFragments: 100 },
  });
}

/**
 * A protocol connection over a byte pipe in memory. Like an engine over sockets it reads one batch ahead, then leaves
 * the bytes in the pipe; what is sent in one turn leaves in one write, and while a write is held the next one gathers.
 */
export class PipeTransport implements Transport, Output {
  readonly masking: boolean;
  readonly connection: Connection;
  bytesReceived = 0;
  framesWritten = 0;
  bytesWritten = 0;
  isDisposed = false;
  /** Keeps what is written from being handed over, as a peer does that does not read. */
  #isHeld = false;
  #peer: Sink | null = null;
  /** What lies in the pipe while reading is paused; null for its end. */
  readonly #pipe: (Uint8Array | null)[] = [];
  #ahead: Frame[] | null = null;
  #isPaused = false;
  #receiver: BatchReceiver | null = null;
  #error: Error | null = null;
  #isBroken = false;
  #hasEnded = false;
  #endSent = false;
  #flushScheduled = false;
  readonly #ending = new Deferred<void>();
  #inFlight: { readonly frames: number; readonly messages: number; readonly bytes: Uint8Array } | null = null;
  #progress: Deferred<boolean> | null = null;

  constructor(role: Role, mode: "raw" | "default", maxFrameSize?: number) {
    this.masking = role === "client";
    this.connection = connection(role, mode, maxFrameSize);
  }

  to(peer: Sink): void {
    this.#peer = peer;
  }

  get output(): Output {
    return this;
  }

  get closing(): ClosingHandshake {
    return this.connection.closing;
  }

  get maxFrameSize(): number {
    return this.connection.maxFrameSize;
  }

  set maxFrameSize(bytes: number) {
    this.connection.maxFrameSize = bytes;
  }

  get pendingFrames(): number {
    return this.connection.outputFrames + (this.#inFlight?.frames ?? 0);
  }

  get pendingBytes(): number {
    return this.connection.outputBytes + (this.#inFlight?.bytes.length ?? 0);
  }

  get pendingMessages(): number {
    return this.connection.outputMessages + (this.#inFlight?.messages ?? 0);
  }

  stream(): void {
    this.connection.stream();
  }

  get ending(): Promise<void> {
    return this.#ending.promise;
  }

  receive(receiver: BatchReceiver): void {
    expect(this.#receiver, "receive is called again only after it has settled").toBe(null);
    this.#receiver = receiver;
    if (this.#ahead === null && this.connection.hasInput) this.#proceed();
    else this.#settleReceiver();
    if (!this.connection.hasInput) this.#resume();
  }

  send(frame: Frame): boolean {
    const accepted = !this.isDisposed && this.connection.send(frame);
    if (accepted) this.#scheduleFlush();
    return accepted;
  }

  #turn: Promise<void> | null = null;

  turn(): Promise<void> {
    this.#turn ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#turn = null;
    });
    return this.#turn;
  }

  progress(): Promise<boolean> {
    if (this.isDisposed) return Promise.resolve(false);
    if (this.pendingBytes === 0) return Promise.resolve(true);
    this.#progress ??= new Deferred();
    return this.#progress.promise;
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.#flush();
    this.#peer?.ended();
    this.#gone();
  }

  /** From now on nothing that is written is handed over. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Hands over the write that is held; the next one is held again. */
  letOneWritePass(): void {
    this.#handOver();
  }

  /** Hands over all that is held and all that follows. */
  release(): void {
    this.#isHeld = false;
    this.#handOver();
  }

  /** Fails the connection as a codec does that cannot decode what came. */
  fault(error: FrameTooBigError | ProtocolViolationError): void {
    this.send(new Frame.Close(new CloseReason(error.closeCode, error.message)));
    this.closing.failed(error);
    this.#advance();
  }

  received(bytes: Uint8Array): void {
    if (this.#isPaused || this.isDisposed) this.#pipe.push(bytes);
    else this.#read(bytes);
  }

  ended(): void {
    if (this.#isPaused) {
      this.#pipe.push(null);
      return;
    }
    this.#hasEnded = true;
    this.#ending.resolve();
    this.#settleReceiver();
  }

  broken(error: Error): void {
    if (this.isDisposed) return;
    this.#break(error);
    this.#gone();
  }

  /** What broke the connection is told once. */
  #break(error: Error): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#error = error;
  }

  #read(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length;
    const wasAhead = this.#ahead !== null;
    this.connection.receive(bytes);
    this.#advance();
    this.#isPaused = this.connection.hasInput || (wasAhead && this.#ahead !== null);
  }

  #resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused && this.#pipe.length > 0) {
      const bytes = this.#pipe.shift();
      if (bytes) this.#read(bytes);
      else this.ended();
    }
  }

  /** Before what ends the sending, a turn of the loop passes: the messages before it can still be answered. */
  #proceed(): void {
    if (!this.connection.endsNext) return this.#advance();
    setImmediate(() => {
      this.#advance();
      this.#resume();
    });
  }

  #advance(): void {
    const batch = this.connection.take();
    if (batch.length > 0) this.#ahead = [...(this.#ahead ?? []), ...batch];
    const { failure } = this.closing;
    if (failure !== null) this.#break(failure);
    if (failure !== null || this.closing.received !== null || this.connection.endsNext)
      this.#ending.resolve();
    if (this.connection.hasOutput || this.connection.endsAfterOutput) this.#scheduleFlush();
    this.#settleReceiver();
  }

  #settleReceiver(): void {
    const receiver = this.#receiver;
    if (receiver === null) return;
    if (this.#ahead !== null) receiver.received(this.#ahead);
    else if (this.#error !== null) receiver.receivingFailed(this.#error);
    else if (this.#hasEnded) receiver.received(null);
    else return;
    if (this.#ahead !== null) this.#ahead = null;
    else this.#error = null;
    this.#receiver = null;
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      if (!this.isDisposed) this.#flush();
    });
  }

  #flush(): void {
    if (this.#inFlight !== null) return;
    if (this.connection.hasOutput) {
      const { outputFrames: frames, outputMessages: messages } = this.connection;
      this.#inFlight = { frames, messages, bytes: Buffer.concat(this.connection.takeOutput()) };
      if (!this.#isHeld) this.#handOver();
    } else if (this.connection.endsAfterOutput && !this.#endSent) {
      this.#endSent = true;
      this.#peer?.ended();
    }
  }

  #handOver(): void {
    const written = this.#inFlight;
    if (written === null || this.isDisposed) return;
    this.#inFlight = null;
    this.framesWritten += written.frames;
    this.bytesWritten += written.bytes.length;
    this.#peer?.received(written.bytes);
    this.#tellProgress(true);
    this.#scheduleFlush();
  }

  #gone(): void {
    this.isDisposed = true;
    this.#hasEnded = true;
    this.#ending.resolve();
    this.#pipe.length = 0;
    this.#tellProgress(false);
    this.#settleReceiver();
  }

  #tellProgress(isAlive: boolean): void {
    this.#progress?.resolve(isAlive);
    this.#progress = null;
  }
}

/** The other side of a session, as the test wants it: it answers nothing by itself. */
export class Peer implements Sink {
  /** What came, a line each. */
  readonly frames: string[] = [];
  /** Whether the session's side of the connection has ended. */
  hasEnd = false;
  readonly #connection: Connection;
  readonly #transport: PipeTransport;
  /** Answers a Close frame with one, and then ends the connection. */
  readonly #answersClose: boolean;

  constructor(transport: PipeTransport, answersClose: boolean) {
    this.#transport = transport;
    this.#connection = connection(transport.masking ? "server" : "client", "raw");
    this.#answersClose = answersClose;
    transport.to(this);
  }

  received(bytes: Uint8Array): void {
    this.#connection.receive(bytes);
    for (let batch = this.#connection.take(); batch.length > 0; batch = this.#connection.take()) {
      for (const frame of batch) {
        this.frames.push(show(frame));
        if (frame.type === "close" && this.#answersClose) this.answer(frame);
      }
    }
    expect(this.#connection.closing.failure, "what the session sends is right").toBe(null);
  }

  ended(): void {
    this.hasEnd = true;
  }

  broken(): void {
    this.hasEnd = true;
  }

  send(...frames: Frame[]): void {
    for (const frame of frames) this.#connection.send(frame);
    this.#transport.received(Buffer.concat(this.#connection.takeOutput()));
  }

  texts(...texts: string[]): void {
    this.send(...texts.map((text) => new Frame.Text(text)));
  }

  close(code?: number, message = ""): void {
    this.send(code === undefined ? new Frame.Close() : new Frame.Close({ code, message }));
  }

  /** Sends bytes as they are. */
  deliver(...bytes: number[]): void {
    this.#transport.received(Uint8Array.from(bytes));
  }

  /** Sends messages and bytes behind them in one read. */
  deliverBehind(texts: readonly string[], bytes: readonly number[]): void {
    for (const text of texts) this.#connection.send(new Frame.Text(text));
    this.#transport.received(Buffer.concat([...this.#connection.takeOutput(), Uint8Array.from(bytes)]));
  }

  /** Ends the connection without a word. */
  end(): void {
    this.#transport.ended();
  }

  reset(error: Error): void {
    this.#transport.broken(error);
  }

  answer(close: Frame.Close): void {
    this.send(close);
    this.end();
  }
}

/** A frame of a server with a reserved opcode: a violation as short as can be. */
export const reservedOpcode: readonly number[] = [0x83, 0x00];

/** A frame, a line. */
export function show(frame: Frame): string {
  if (frame.type === "close") return `close ${showReason(frame.readReason())}`.trimEnd();
  if (frame.type === "text") return `text ${Buffer.from(frame.data).toString()}${frame.fin ? "" : " ..."}`;
  return `${frame.type} ${frame.data.length}`;
}

export function showReason(reason: CloseReason | null): string {
  return reason === null ? "without a reason" : `${reason.code} ${reason.message}`.trimEnd();
}
