// SPDX-License-Identifier: Apache-2.0
import { noBytes } from "./bytes.ts";
import type { Frame } from "./frame.ts";
import type { FrameDecoder } from "./frame-decoder.ts";
import type { MessageAssembler } from "./message-assembler.ts";
import type { MessageExtensions } from "./message-extensions.ts";

/** A message that the codec takes its time with, and what came of it. */
interface Job {
  readonly frame: Frame.Text | Frame.Binary;
  readonly promise: Promise<Uint8Array>;
  outcome: { readonly payload: Uint8Array } | { readonly error: unknown } | null;
}

/** The way of messages from the wire: assembled, decoded by the codec, through the extensions, strictly in order. */
export class IncomingMessages {
  readonly #decoder: FrameDecoder;
  readonly #assembler: MessageAssembler;
  readonly #extensions: MessageExtensions;
  readonly #maxMessageSize: number;
  #job: Job | null = null;

  constructor(
    decoder: FrameDecoder,
    assembler: MessageAssembler,
    extensions: MessageExtensions,
    maxMessageSize: number,
  ) {
    this.#decoder = decoder;
    this.#assembler = assembler;
    this.#extensions = extensions;
    this.#maxMessageSize = maxMessageSize;
  }

  /** What the codec is busy with; whoever drives the connection gives the result to {@link settle}. */
  get job(): Promise<Uint8Array> | null {
    return this.#job?.outcome === null ? this.#job.promise : null;
  }

  /** Whether there is more to do without more bytes. */
  get hasInput(): boolean {
    return this.#job !== null || this.#decoder.unread.length > 0;
  }

  settle(outcome: { readonly payload: Uint8Array } | { readonly error: unknown }): void {
    if (this.#job !== null) this.#job.outcome = outcome;
  }

  /** Forgets what is under way, and the bytes behind it. */
  abandon(): void {
    this.#job = null;
    this.#decoder.feed(noBytes);
  }

  /**
   * The next frame, or null when more bytes, or the codec's result, are needed.
   * @throws {@link ProtocolViolationError} or {@link FrameTooBigError}
   */
  next(): Frame | null {
    if (this.#job !== null) return this.#finishJob(this.#job);
    while (this.#decoder.next()) {
      const frame = this.#assembler.push();
      if (frame === null) continue;
      if (frame.type !== "text" && frame.type !== "binary") return frame;
      const message = this.#decode(frame);
      if (message !== null || this.#job !== null) return message;
    }
    return null;
  }

  #finishJob(job: Job): Frame | null {
    if (job.outcome === null) return null;
    this.#job = null;
    if ("error" in job.outcome) throw job.outcome.error;
    return this.#extensions.receive(this.#extensions.decoded(job.frame, job.outcome.payload));
  }

  #decode(frame: Frame.Text | Frame.Binary): Frame | null {
    const extensions = this.#extensions;
    if (extensions.codec === null || !extensions.isEncoded(frame)) return extensions.receive(frame);
    const payload = extensions.codec.decode(frame.data, true, this.#maxMessageSize);
    if (payload instanceof Uint8Array) return extensions.receive(extensions.decoded(frame, payload));
    this.#job = { frame, promise: payload, outcome: null };
    return null;
  }
}
