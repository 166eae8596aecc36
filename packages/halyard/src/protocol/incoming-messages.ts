// SPDX-License-Identifier: Apache-2.0
import { noBytes } from "./bytes.ts";
import { ProtocolViolationError } from "./errors.ts";
import { Frame } from "./frame.ts";
import type { FrameDecoder } from "./frame-decoder.ts";
import type { Kernel } from "./kernel.ts";
import type { MessageAssembler } from "./message-assembler.ts";
import type { MessageExtensions } from "./message-extensions.ts";
import { frameOptions, reservedBits } from "./reserved-bits.ts";
import { Utf8Validator } from "./utf8.ts";

/**
 * How much of a streamed message the codec is given at once. Whatever a codec makes of it is in memory then, of
 * permessage-deflate a thousand times as much.
 */
const sliceBytes = 16 * 1024;

type DataFrame = Frame.Text | Frame.Binary;

/** A message, or a piece of one, that the codec takes its time with, and what came of it. */
interface Job {
  readonly frame: DataFrame;
  readonly promise: Promise<Uint8Array>;
  outcome: { readonly payload: Uint8Array } | { readonly error: unknown } | null;
}

/** What decoding a message costs beside its bytes, and how many bytes cost as much as a frame. */
const codecWork = 16;
const workBytes = 4096;

/** How much work so many frames, with so many bytes of payload in all, are. */
export function workOf(frames: number, bytes: number): number {
  return frames + Math.floor(bytes / workBytes);
}

/** The way of messages from the wire: assembled, decoded by the codec, through the extensions, strictly in order. */
export class IncomingMessages {
  readonly #decoder: FrameDecoder;
  readonly #assembler: MessageAssembler;
  readonly #extensions: MessageExtensions;
  readonly #maxMessageSize: number;
  readonly #kernel: Kernel;
  /** How much was done in all, counted in small frames: of a message in fragments each is one. */
  work = 0;
  /** Where {@link next} gives up for this time. */
  stopAt: number = Infinity;
  #job: Job | null = null;
  /** What the codec has not been given yet of a piece of a streamed message. */
  #rest: DataFrame | null = null;
  /** Of a streamed text message that is encoded, or has a reserved bit. */
  #utf8: Utf8Validator | undefined;

  constructor(
    decoder: FrameDecoder,
    assembler: MessageAssembler,
    extensions: MessageExtensions,
    maxMessageSize: number,
    kernel: Kernel,
  ) {
    this.#kernel = kernel;
    this.#decoder = decoder;
    this.#assembler = assembler;
    this.#extensions = extensions;
    this.#maxMessageSize = maxMessageSize;
  }

  /** What the codec is busy with; whoever drives the connection gives the result to {@link settle}. */
  get job(): Promise<Uint8Array> | null {
    return this.#job?.outcome === null ? this.#job.promise : null;
  }

  /** Whether something comes before what the decoder reads next. */
  get isBusy(): boolean {
    return this.#job !== null || this.#rest !== null;
  }

  /** Whether there is more to do without more bytes. */
  get hasInput(): boolean {
    return this.#job !== null || this.#rest !== null || this.#decoder.hasUnread;
  }

  settle(outcome: { readonly payload: Uint8Array } | { readonly error: unknown }): void {
    if (this.#job !== null) this.#job.outcome = outcome;
  }

  /** Forgets what is under way, and the bytes behind it. */
  abandon(): void {
    this.#job = null;
    this.#rest = null;
    this.#decoder.feed(noBytes);
  }

  /**
   * The next frame, or null when more bytes, or the codec's result, are needed, or enough was done.
   * @throws {@link ProtocolViolationError} or {@link FrameTooBigError}
   */
  next(): Frame | null {
    if (this.#job !== null) {
      if (this.#job.outcome === null) return null;
      const frame = this.#finishJob(this.#job);
      if (frame !== null) return frame;
    }
    while (this.#job === null && this.work < this.stopAt) {
      const frame = this.#rest ?? this.#assembled();
      if (frame === null) return null;
      if (frame.type !== "text" && frame.type !== "binary") return frame;
      const message = this.#decode(frame);
      if (message !== null) return message;
    }
    return null;
  }

  #assembled(): Frame | null {
    while (this.work < this.stopAt && this.#decoder.next()) {
      this.work += workOf(1, this.#decoder.end - this.#decoder.start);
      const frame = this.#assembler.push();
      if (frame !== null) return frame;
    }
    return null;
  }

  #finishJob(job: Job): Frame | null {
    this.#job = null;
    if (job.outcome === null) return null;
    if ("error" in job.outcome) throw job.outcome.error;
    return this.#decoded(job.frame, job.outcome.payload);
  }

  #decode(frame: DataFrame): Frame | null {
    const { codec } = this.#extensions;
    if (codec === null || !this.#extensions.isEncoded(frame)) {
      return this.#assembler.streaming ? this.#checked(frame) : this.#extensions.receive(frame);
    }
    const given = this.#assembler.streaming ? this.#slice(frame) : frame;
    const limit = this.#assembler.streaming ? Infinity : this.#maxMessageSize;
    const payload = codec.decode(given.data, given.fin, limit);
    if (payload instanceof Uint8Array) return this.#decoded(given, payload);
    this.#job = { frame: given, promise: payload, outcome: null };
    return null;
  }

  /** What the codec is given of a piece; the rest is for the next time. */
  #slice(frame: DataFrame): DataFrame {
    const { data } = frame;
    if (data.length <= sliceBytes) {
      this.#rest = null;
      return frame;
    }
    const part = (bytes: Uint8Array, fin: boolean) => {
      const options = frameOptions(fin, reservedBits(frame));
      return frame.type === "text" ? new Frame.Text(bytes, options) : new Frame.Binary(bytes, options);
    };
    this.#rest = part(data.subarray(sliceBytes), frame.fin);
    return part(data.subarray(0, sliceBytes), false);
  }

  #decoded(frame: DataFrame, payload: Uint8Array): Frame | null {
    this.work += workOf(codecWork, payload.length);
    const decoded = this.#extensions.decoded(frame, payload);
    if (!this.#assembler.streaming) return this.#extensions.receive(decoded);
    this.#checkText(decoded);
    return payload.length > 0 || decoded.fin ? decoded : null;
  }

  /** With a reserved bit, text could not be checked as it arrived. */
  #checked(piece: DataFrame): DataFrame {
    if (reservedBits(piece) !== 0) this.#checkText(piece);
    return piece;
  }

  #checkText({ type, data, fin }: DataFrame): void {
    if (type === "binary") return;
    this.#utf8 ??= new Utf8Validator(this.#kernel.isUtf8);
    if (!this.#utf8.push(data) || (fin && !this.#utf8.isComplete)) {
      throw new ProtocolViolationError("a text message is not UTF-8", 1007);
    }
  }
}
