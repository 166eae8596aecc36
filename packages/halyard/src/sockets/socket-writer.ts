// SPDX-License-Identifier: Apache-2.0
import type { Connection } from "../protocol/connection.ts";
import type { Encoded } from "../protocol/extension.ts";
import type { Output } from "../session/transport.ts";
import { Deferred } from "../session/waiting.ts";
import type { ByteStream } from "./byte-stream.ts";

/** How much is given to the socket at once. */
const sliceBytes = 256 * 1024;

/**
 * So much does not wait for the end of the turn. A peer that is written to all the time does not fall asleep, and to wake
 * it costs more than to write to it: messages of 16 KiB cost 0.6 to 0.8 of what they do without this, binary of 1 MiB 0.8 (Node 20).
 */
const soonBytes = 32 * 1024;

/** The writers that have something to write at the end of this turn: one callback serves them all, since a broadcast is many. */
let scheduled: SocketWriter[] = [];

function flushScheduled(): void {
  const writers = scheduled;
  scheduled = [];
  for (const writer of writers) writer.flushScheduled();
}

/** The next turn of the event loop, if somebody waits for it: for all connections, as a broadcast asks each of them. */
let nextTurn: Promise<void> | null = null;

/**
 * The way of a connection's output to its socket. Small messages that are sent in one turn leave in one write; while a
 * write is under way, the next one gathers.
 */
export class SocketWriter implements Output {
  framesWritten = 0;
  bytesWritten = 0;
  readonly #stream: ByteStream;
  readonly #connection: Connection;
  readonly #owner: { codecFailed(error: unknown): void };
  #isScheduled = false;
  #isStopped = false;
  /** Set once our side is to end behind the output. */
  #isEnding = false;
  /** What was taken from the connection and not handed over yet; its chunks but for the slice that is being written. */
  #chunks: Uint8Array[] = [];
  #framesInFlight = 0;
  #messagesInFlight = 0;
  #bytesInFlight = 0;
  /** Whether what is being written leaves messages behind that the codec still has. */
  #isOvertaking = false;
  /** The control frames that have overtaken such messages: they count as written with those, so that counts keep to the order. */
  #framesAhead = 0;
  /** The job of the codec that is waited for. */
  #encoding: Promise<Encoded> | null = null;
  #progress: Deferred<boolean> | null = null;

  /** @param owner - told when a message cannot be encoded */
  constructor(stream: ByteStream, connection: Connection, owner: { codecFailed(error: unknown): void }) {
    this.#stream = stream;
    this.#connection = connection;
    this.#owner = owner;
  }

  get pendingFrames(): number {
    return this.#connection.outputFrames + this.#framesInFlight + this.#framesAhead;
  }

  get pendingMessages(): number {
    return this.#connection.outputMessages + this.#messagesInFlight;
  }

  get pendingBytes(): number {
    return this.#connection.outputBytes + this.#bytesInFlight;
  }

  /** See `Output.progress`. */
  progress(): Promise<boolean> {
    if (this.#isStopped) return Promise.resolve(false);
    if (this.pendingFrames === 0) return Promise.resolve(true);
    this.#progress ??= new Deferred();
    return this.#progress.promise;
  }

  /** See `Output.turn`. */
  turn(): Promise<void> {
    nextTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        nextTurn = null;
        resolve();
      });
    });
    return nextTurn;
  }

  /**
   * Writes what the connection has to write at the end of this turn, or now if it is much. Not in a microtask: a loop over
   * `incoming` runs in those, and its answers shall leave together.
   */
  schedule(): void {
    this.#awaitEncoding();
    if (this.#connection.readyBytes >= soonBytes && !this.#isStopped) this.flush();
    if (this.#isScheduled || !(this.#connection.hasOutput || this.#endsAfterOutput)) return;
    this.#isScheduled = true;
    if (scheduled.length === 0) process.nextTick(flushScheduled);
    scheduled.push(this);
  }

  /** @internal */
  flushScheduled(): void {
    this.#isScheduled = false;
    if (!this.#isStopped) this.flush();
  }

  /** Writes it now, unless a write is under way. */
  flush(): void {
    if (this.#bytesInFlight > 0) return;
    if (this.#connection.hasOutput) this.#write();
    else if (this.#endsAfterOutput || this.#isEnding) this.#stream.end();
  }

  /** RFC 6455 section 7.1.1 lets the server end a TCP connection first. */
  get #endsAfterOutput(): boolean {
    const { endsAfterOutput, closing } = this.#connection;
    return endsAfterOutput || (this.#stream.endsOnBothSides && closing.isComplete);
  }

  /** Ends our side behind the output. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isStopped) this.flush();
  }

  /** The socket is gone, or to be given up. */
  stop(): void {
    this.#isStopped = true;
    this.#tellProgress(false);
  }

  #write(): void {
    const { frames, messages } = this.#connection.ready;
    this.#framesInFlight = frames;
    this.#messagesInFlight = messages;
    this.#isOvertaking = this.#connection.outputFrames > frames;
    this.#chunks = this.#connection.takeOutput();
    for (const chunk of this.#chunks) this.#bytesInFlight += chunk.length;
    this.#writeSlice();
  }

  /** Slice by slice, so that a large message shows progress while it is written. */
  #writeSlice(): void {
    const isAll = this.#bytesInFlight <= sliceBytes;
    const slice = isAll ? this.#chunks : takeSlice(this.#chunks);
    if (isAll) this.#chunks = [];
    const bytes = isAll ? this.#bytesInFlight : sliceBytes;
    this.#stream.write(slice, () => {
      this.bytesWritten += bytes;
      this.#bytesInFlight -= bytes;
      if (this.#chunks.length === 0) this.#written();
      else if (!this.#isStopped) this.#writeSlice();
      this.#tellProgress(true);
    });
  }

  #written(): void {
    this.#connection.releaseOutput();
    this.framesWritten += this.#messagesInFlight;
    this.#framesAhead += this.#framesInFlight - this.#messagesInFlight;
    if (!this.#isOvertaking) {
      this.framesWritten += this.#framesAhead;
      this.#framesAhead = 0;
    }
    this.#framesInFlight = 0;
    this.#messagesInFlight = 0;
    if (this.#isEnding) this.end();
    else this.schedule();
  }

  #awaitEncoding(): void {
    const { encoding } = this.#connection;
    if (encoding === null || encoding === this.#encoding) return;
    this.#encoding = encoding;
    const goOn = (result: Encoded) => {
      if (this.#isStopped) return;
      this.#connection.encoded(result);
      this.schedule();
    };
    encoding.then(goOn).catch((error: unknown) => this.#owner.codecFailed(error));
  }

  #tellProgress(isAlive: boolean): void {
    this.#progress?.resolve(isAlive);
    this.#progress = null;
  }
}

/** Takes chunks, and cuts the last of them, up to the size of a slice. */
function takeSlice(chunks: Uint8Array[]): Uint8Array[] {
  const slice: Uint8Array[] = [];
  let room = sliceBytes;
  while (room > 0) {
    const chunk = chunks.shift();
    if (chunk === undefined) break;
    slice.push(chunk.subarray(0, room));
    if (chunk.length > room) chunks.unshift(chunk.subarray(room));
    room -= chunk.length;
  }
  return slice;
}
