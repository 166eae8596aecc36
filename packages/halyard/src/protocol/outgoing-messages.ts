// SPDX-License-Identifier: Apache-2.0
import type { Encoded, EncodeOptions } from "./extension.ts";
import type { Frame } from "./frame.ts";
import type { FrameEncoder } from "./frame-encoder.ts";
import type { MessageExtensions } from "./message-extensions.ts";
import { Opcode } from "./opcodes.ts";
import { OutgoingGuard } from "./outgoing-guard.ts";

/** A frame that may go on the wire: guarded, and through the extensions but for the codec. */
interface Ready {
  readonly firstByte: number;
  readonly frame: Frame;
  /** Whether the codec gets it. */
  readonly isEncoded: boolean;
}

/**
 * The way of frames to the wire: through the guard, the extensions and the codec into the encoder. While the codec takes
 * its time with one, those behind it wait in order; pings and pongs pass.
 */
export class OutgoingMessages {
  readonly #encoder: FrameEncoder;
  readonly #extensions: MessageExtensions;
  readonly #guard: OutgoingGuard;
  #waiting: Ready[] = [];
  #waitingBytes = 0;
  #waitingClose: Ready | null = null;
  #abandoned = 0;
  /** Of the message whose last fragment is still to be sent: whether it is encoded. */
  #inProgress: { readonly isEncoded: boolean } | null = null;
  #job: { readonly promise: Promise<Encoded>; readonly firstByte: number; readonly bytes: number } | null =
    null;

  constructor(encoder: FrameEncoder, extensions: MessageExtensions) {
    this.#encoder = encoder;
    this.#extensions = extensions;
    this.#guard = new OutgoingGuard(extensions.settable);
  }

  /** What the codec is busy with; whoever drives the connection gives the result to {@link encoded}. */
  get job(): Promise<Encoded> | null {
    return this.#job?.promise ?? null;
  }

  /** How many frames, and bytes of their payloads, wait for the codec. */
  get frames(): number {
    return this.messages + (this.#waitingClose === null ? 0 : 1);
  }

  /** As {@link frames}, without a Close frame, and with those that were abandoned: they never leave. */
  get messages(): number {
    return this.#waiting.length + (this.#job === null ? 0 : 1) + this.#abandoned;
  }

  get bytes(): number {
    return this.#waitingBytes + (this.#job?.bytes ?? 0);
  }

  /** @throws {@link InvalidArgumentError} for a frame that would break the protocol at this point */
  send(frame: Frame, options?: EncodeOptions): void {
    const ready =
      frame.type === "text" || frame.type === "binary"
        ? this.#begin(this.#extensions.send(frame), options)
        : { firstByte: this.#guard.check(frame), frame, isEncoded: false };
    const passes = frame.type === "ping" || frame.type === "pong";
    if (this.#job === null || passes) this.#write(ready);
    else this.#wait(ready);
  }

  /** The result of the job. */
  encoded(result: Encoded): void {
    if (this.#job === null) return;
    this.#writeEncoded(this.#job.firstByte, result);
    this.#job = null;
    while (this.#job === null && this.#waiting.length > 0) {
      const ready = this.#waiting.shift() as Ready;
      this.#waitingBytes -= ready.frame.data.length;
      this.#write(ready);
    }
    if (this.#job === null) this.#writeClose();
  }

  /** Drops what waits for the codec, all but a Close frame. */
  abandon(): void {
    this.#abandoned = this.messages;
    this.#job = null;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writeClose();
  }

  /** All that may fail comes before anything changes. */
  #begin(frame: Frame.Text | Frame.Binary, options: EncodeOptions | undefined): Ready {
    const { isEncoded } = this.#inProgress ?? { isEncoded: this.#extensions.encodes(frame, options) };
    const firstByte = this.#guard.check(frame);
    this.#inProgress = frame.fin ? null : { isEncoded };
    return { firstByte, frame, isEncoded };
  }

  #wait(ready: Ready): void {
    if (ready.frame.type === "close") {
      this.#waitingClose = ready;
      return;
    }
    this.#waiting.push({ ...ready, frame: ready.frame.copy() });
    this.#waitingBytes += ready.frame.data.length;
  }

  /** Nothing is sent after a Close frame, so it is the last that waits. */
  #writeClose(): void {
    if (this.#waitingClose !== null) this.#write(this.#waitingClose);
    this.#waitingClose = null;
  }

  #write({ firstByte, frame, isEncoded }: Ready): void {
    const { codec } = this.#extensions;
    if (codec === null || !isEncoded) return this.#writePlain(firstByte, frame);
    const result = codec.encode(frame.data, frame.fin);
    if (result instanceof Promise) this.#job = { promise: result, firstByte, bytes: frame.data.length };
    else this.#writeEncoded(firstByte, result);
  }

  #writePlain(firstByte: number, frame: Frame): void {
    const text = frame.type === "text" ? frame.text : undefined;
    if (text === undefined) this.#encoder.encode(firstByte, frame.data);
    else this.#encoder.encodeText(firstByte, text);
  }

  #writeEncoded(firstByte: number, result: Encoded): void {
    if ("plain" in result) return this.#encoder.encode(firstByte, result.plain);
    // RFC 7692 section 6.1: the bit stands on the first frame of a message only.
    const begins = (firstByte & 0x0f) !== Opcode.CONTINUATION;
    const mark = begins ? (this.#extensions.codec?.rsv ?? 0) : 0;
    this.#encoder.encode(firstByte | mark, result);
  }
}
