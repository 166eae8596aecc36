// SPDX-License-Identifier: Apache-2.0
import { copyOf, noBytes } from "./bytes.ts";
import { CloseReason } from "./close-reason.ts";
import { ClosingHandshake } from "./closing-handshake.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { FrameTooBigError, ProtocolViolationError } from "./errors.ts";
import type { Encoded, EncodeOptions } from "./extension.ts";
import { Frame } from "./frame.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { FrameEncoder } from "./frame-encoder.ts";
import { IncomingMessages, workOf } from "./incoming-messages.ts";
import { type Kernel, plainKernel } from "./kernel.ts";
import { MessageAssembler } from "./message-assembler.ts";
import { extensionsFor, type MessageExtensions } from "./message-extensions.ts";
import { Opcode } from "./opcodes.ts";
import { OutgoingMessages } from "./outgoing-messages.ts";
import { slabTimes, type WholeFrames, wholeFramesFor } from "./whole-frames.ts";

/** What a peer can do wrong on an open connection. */
type Fault = ProtocolViolationError | FrameTooBigError;

/**
 * How much work one batch may be, counted in small frames: a millisecond or a few. What is behind it waits for the next call,
 * and whoever drives the connection lets the event loop turn in between.
 */
export const batchWork = 1024;

/** For less, reading to another place does not pay. */
const leastRoom = 16 * 1024;
/** How much fresh memory is read to at once. */
const leastGiven = 64 * 1024;
const mostGiven = 256 * 1024;

/**
 * One open WebSocket connection as a function of bytes: RFC 6455 without a socket, a clock or a promise. Bytes go in by
 * {@link receive}, frames come out of {@link take}; frames go in by {@link send}, bytes come out of
 * {@link takeOutput}. A peer's fault never throws: it fails the connection (section 7.1.7) and shows in
 * `closing.failure`.
 */
export class Connection {
  readonly closing: ClosingHandshake = new ClosingHandshake();
  readonly #isRaw: boolean;
  readonly #isServer: boolean;
  readonly #batchBytes: number;
  readonly #kernel: Kernel;
  readonly #decoder: FrameDecoder;
  readonly #extensions: MessageExtensions;
  readonly #assembler: MessageAssembler;
  readonly #incoming: IncomingMessages;
  /** The short way of whole frames; null where an extension wants to see every message. */
  readonly #wholeFrames: WholeFrames | null;
  readonly #outgoing: OutgoingMessages;
  readonly #encoder: FrameEncoder;
  readonly #maxPendingPongs: number;
  readonly #maxMessageSize: number;
  #maxFrameSize: number;
  /** Whether frames may stay in the memory of the input. */
  #mayKeep = false;
  /** The last memory that was made for frames to stay in. */
  #given: Uint8Array = noBytes;
  /** How many bytes of large binary payloads the last read had, and the size of the last of them. */
  #largeBytes = 0;
  #largeSize = 0;
  /** The payloads of the pongs that are due, the newest last. */
  #pongs: Uint8Array[] = [];
  /** A Close frame or a fault that was found behind the frames of a batch, and counts from the next one on. */
  #held: Frame.Close | Fault | null = null;
  /** What an extension threw behind the frames of a batch. */
  #thrown: { readonly error: unknown } | null = null;

  constructor(options: ConnectionOptions) {
    const { limits } = options;
    const mode = options.mode ?? "default";
    this.#isRaw = mode === "raw";
    this.#isServer = options.role === "server";
    this.#batchBytes = options.batchBytes ?? 2 ** 20;
    const kernel = options.kernel ?? plainKernel;
    this.#extensions = extensionsFor(options.extensions ?? [], options.role, kernel);
    const { reserved } = this.#extensions;
    this.#decoder = new FrameDecoder({ role: options.role, maxFrameSize: limits.maxFrameSize, reserved });
    this.#kernel = kernel;
    this.#assembler = new MessageAssembler(this.#decoder, this.#isServer, mode, limits, kernel);
    this.#incoming = new IncomingMessages(
      this.#decoder,
      this.#assembler,
      this.#extensions,
      limits.maxMessageSize,
      kernel,
    );
    this.#wholeFrames = this.#extensions.canStream ? wholeFramesFor(this.#isServer, kernel) : null;
    this.#maxMessageSize = mode === "raw" ? Infinity : limits.maxMessageSize;
    this.#maxFrameSize = limits.maxFrameSize;
    this.#maxPendingPongs = limits.maxPendingPongs ?? 16;
    this.#encoder = new FrameEncoder(this.#isServer ? null : (options.keys ?? missingKeys()), kernel);
    this.#outgoing = new OutgoingMessages(this.#encoder, this.#extensions);
  }

  /** The largest payload of one frame that is accepted from now on, in bytes. */
  get maxFrameSize(): number {
    return this.#maxFrameSize;
  }

  set maxFrameSize(bytes: number) {
    this.#maxFrameSize = bytes;
    if (!this.#assembler.streaming) this.#decoder.maxFrameSize = bytes;
  }

  /**
   * From now on data messages come out of {@link take} in pieces, as they arrive: frames of which only the last of a
   * message has `fin`, and which may end inside a character. No limit of size or number holds for them any more.
   * It changes nothing in a raw connection, and where an extension wants whole messages.
   */
  stream(): void {
    if (this.#isRaw || !this.#extensions.canStream) return;
    this.#assembler.streaming = true;
    this.#decoder.maxFrameSize = Infinity;
  }

  /**
   * Takes bytes from the wire. They are read in place, so they must not change before {@link hasInput} is false or
   * {@link retain} was called. Those that come before what waits has been read are put behind it, by a copy of both.
   *
   * @param isGiven - whether their memory is given away: nobody else ever writes to it, and frames may stay in it
   */
  receive(chunk: Uint8Array, isGiven = false): void {
    if (!this.closing.canReceive || this.#held !== null) return;
    if (this.#decoder.hasUnread) return this.#append(chunk);
    this.#decoder.feed(chunk);
    this.#mayKeep = isGiven || chunk.buffer === this.#given.buffer;
    this.#largeBytes = 0;
  }

  /**
   * Where the next bytes are best read to, if the connection has a wish: then they come to {@link receive} in this memory,
   * and are not copied. It is that of a message in progress, or fresh memory for large messages to stay in.
   */
  wantedMemory(): Uint8Array | null {
    if (this.hasInput || !this.closing.canReceive) return null;
    const room = this.#assembler.room;
    if (room.length >= leastRoom) return room;
    this.#given = this.#isWorthGiving ? this.#kernel.allocate(givenBytes(this.#largeSize)) : noBytes;
    return this.#given === noBytes ? null : this.#given;
  }

  /** Whether {@link take} has more to give, or to do, without more bytes. */
  get hasInput(): boolean {
    return this.#held !== null || this.#thrown !== null || this.#incoming.hasInput;
  }

  /**
   * Whether the next {@link take} ends what can be sent: it answers a Close frame, or fails the connection. Whoever
   * drives the connection lets the frames of the last batch be answered first.
   */
  get endsNext(): boolean {
    return this.#held !== null;
  }

  /** A socket that was paused may still have had something to give. */
  #append(chunk: Uint8Array): void {
    const { unread } = this.#decoder;
    const both = new Uint8Array(unread.length + chunk.length);
    both.set(unread);
    both.set(chunk, unread.length);
    this.#decoder.feed(both);
    this.#mayKeep = false;
  }

  /** How much work was done in all, counted in small frames. */
  get work(): number {
    return this.#incoming.work;
  }

  /** Copies the bytes that wait, so that the caller can use their memory for something else. */
  retain(): void {
    this.#decoder.feed(copyOf(this.#decoder.unread));
    // Who gets a frame may transfer its memory away, and with it what is still to be read.
    this.#mayKeep = false;
  }

  /**
   * The frames that have arrived, in order; empty when more bytes are needed, or when enough was done for one call and
   * {@link hasInput} tells that there is more. In default mode they are whole messages
   * with the control frames between them. Pings are answered at once; a Close frame, or a fault, behind other frames
   * waits for the next call.
   *
   * @param holdsEnd - whether it waits also when nothing is before it: frames of an earlier call may not be answered yet
   * @throws what an extension or its codec throws, once, behind the frames before it
   */
  take(holdsEnd = false): Frame[] {
    if (this.#held !== null) return this.#end(this.#held);
    if (this.#thrown !== null) throw this.#takeThrown(this.#thrown);
    const batch: Frame[] = [];
    const incoming = this.#incoming;
    incoming.stopAt = incoming.work + batchWork;
    let bytes = 0;
    try {
      while (this.closing.canReceive) {
        bytes += this.#takeWholeFrames(batch, this.#batchBytes - bytes);
        if (bytes >= this.#batchBytes) break;
        const frame = incoming.next();
        if (frame === null) break;
        if (frame.type === "close") return this.#endBehind(batch, frame, holdsEnd);
        if (frame.type === "ping") this.#answer(frame);
        batch.push(frame);
        bytes += frame.size;
      }
    } catch (error) {
      if (error instanceof ProtocolViolationError || error instanceof FrameTooBigError) {
        return this.#endBehind(batch, error, holdsEnd);
      }
      if (batch.length === 0) throw error;
      this.#thrown = { error };
    }
    return batch;
  }

  /**
   * Encodes a frame; its payload is copied. It can be taken by {@link takeOutput}.
   * @returns false when nothing may be sent any more, because a Close frame was
   * @throws {@link InvalidArgumentError} for a frame that would break the protocol at this point
   */
  send(frame: Frame, options?: EncodeOptions): boolean {
    if (!this.closing.canSend) return false;
    this.#outgoing.send(frame, options);
    if (frame.type === "close") this.closing.closeSent(frame);
    return true;
  }

  /** How many bytes and frames were sent and not yet taken, not counting pongs. */
  get outputBytes(): number {
    return this.#encoder.bytes + this.#outgoing.bytes;
  }

  get outputFrames(): number {
    return this.#encoder.frames + this.#outgoing.frames;
  }

  /** As {@link outputFrames}, without control frames. */
  get outputMessages(): number {
    return this.#encoder.dataFrames + this.#outgoing.messages;
  }

  /** What of them {@link takeOutput} would give now; the others wait for the codec. */
  get ready(): { readonly frames: number; readonly messages: number } {
    return { frames: this.#encoder.frames, messages: this.#encoder.dataFrames };
  }

  /** Of the bytes, what {@link takeOutput} would give now. */
  get readyBytes(): number {
    return this.#encoder.bytes;
  }

  get hasOutput(): boolean {
    return this.#encoder.frames > 0 || this.#pongs.length > 0;
  }

  /** The bytes to be written now. Pongs go before the data that waits, and so before a Close frame, too. */
  takeOutput(): Uint8Array[] {
    for (const payload of this.#pongs.reverse()) this.#encoder.encodeFirst(0x80 | Opcode.PONG, payload);
    if (this.#pongs.length > 0) this.#pongs = [];
    return this.#encoder.take();
  }

  /** Says that nobody reads the bytes any more that were taken: their memory may be used again. */
  releaseOutput(): void {
    this.#encoder.release();
  }

  /**
   * Whether our side of the byte stream ends after the output. RFC 6455 section 7.1.1: the server closes first after
   * the handshake; who fails a connection closes it at once.
   */
  get endsAfterOutput(): boolean {
    if (this.#outgoing.job !== null) return false;
    return this.closing.failure !== null || (this.#isServer && this.closing.isComplete);
  }

  /**
   * Work of the codec that takes longer than a turn. Whoever drives the connection waits for it, gives the outcome to
   * {@link decoded} or {@link decodingFailed}, and goes on with {@link take}.
   */
  get decoding(): Promise<Uint8Array> | null {
    return this.#incoming.job;
  }

  decoded(payload: Uint8Array): void {
    this.#incoming.settle({ payload });
  }

  decodingFailed(error: unknown): void {
    this.#incoming.settle({ error });
  }

  /** As {@link decoding}, for what is sent: the result goes to {@link encoded}, and then there may be output. */
  get encoding(): Promise<Encoded> | null {
    return this.#outgoing.job;
  }

  encoded(result: Encoded): void {
    this.#outgoing.encoded(result);
  }

  /** Releases what extensions hold; nothing can be received or sent after it. */
  dispose(): void {
    this.#incoming.abandon();
    this.#extensions.codec?.dispose();
  }

  /**
   * Whether the last read was mostly large binary messages, and full: so more is there already, and the memory does not
   * wait for it on an idle connection.
   */
  get #isWorthGiving(): boolean {
    const { buffer, length } = this.#decoder.input;
    return length >= leastGiven && length === buffer.byteLength && this.#largeBytes * 2 >= length;
  }

  /** @returns how many bytes they have */
  #takeWholeFrames(batch: Frame[], maxBytes: number): number {
    const whole = this.#wholeFrames;
    const decoder = this.#decoder;
    const start = this.#incoming.isBusy ? -1 : decoder.messageStart;
    if (whole === null || start < 0) return 0;
    const maxPayload = this.#assembler.streaming
      ? Infinity
      : Math.min(this.#maxFrameSize, this.#maxMessageSize);
    const incoming = this.#incoming;
    const before = batch.length;
    const maxFrames = before + incoming.stopAt - incoming.work;
    whole.read(decoder.input, start, this.#mayKeep, { maxPayload, maxBytes, maxFrames }, batch);
    decoder.skipTo(whole.at);
    incoming.work += workOf(batch.length - before, whole.bytes);
    this.#largeBytes += whole.largeBytes;
    if (whole.largeBytes > 0) this.#largeSize = whole.largeSize;
    return whole.bytes;
  }

  /**
   * RFC 6455 section 5.5.3: of the pings that wait for their pongs only the newest needs one. Those that come in one
   * read are all answered; a flood that the peer does not read the answers of keeps the newest.
   */
  #answer(ping: Frame.Ping): void {
    if (this.#isRaw || !this.closing.canSend) return;
    if (this.#pongs.length >= this.#maxPendingPongs) this.#pongs.shift();
    this.#pongs.push(copyOf(ping.data));
  }

  #takeThrown({ error }: { readonly error: unknown }): unknown {
    this.#thrown = null;
    return error;
  }

  /** Ends the connection's input now if nothing comes before and it is not held, else with the next batch. */
  #endBehind(batch: Frame[], end: Frame.Close | Fault, holdsEnd: boolean): Frame[] {
    this.#decoder.feed(noBytes);
    this.#incoming.abandon();
    if (batch.length === 0 && !holdsEnd) return this.#end(end);
    // It has come, whenever it is answered: a `close()` of ours in between is the second.
    if (!(end instanceof Error)) this.closing.closeReceived(end);
    this.#held = end;
    return batch;
  }

  #end(end: Frame.Close | Fault): Frame[] {
    this.#held = null;
    if (end instanceof Error) {
      this.#fail(end);
      return [];
    }
    this.closing.closeReceived(end);
    if (!this.#isRaw) this.send(end);
    return [end];
  }

  #fail(error: Fault): void {
    this.#pongs = [];
    this.#outgoing.abandon();
    this.send(new Frame.Close(CloseReason.truncated(error.closeCode, error.message)));
    this.closing.failed(error);
  }
}

/** As much as a payload of that size may keep. */
function givenBytes(size: number): number {
  const most = Math.min(size * slabTimes, mostGiven);
  return 2 ** Math.floor(Math.log2(Math.max(most, leastGiven)));
}

function missingKeys(): never {
  throw new TypeError("a client connection needs masking keys");
}
