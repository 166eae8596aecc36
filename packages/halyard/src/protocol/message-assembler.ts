// SPDX-License-Identifier: Apache-2.0
import { noBytes } from "./bytes.ts";
import { FrameTooBigError, ProtocolViolationError } from "./errors.ts";
import { closeFault, closeMessageIsUtf8, Frame, wholeFromWire } from "./frame.ts";
import type { FrameDecoder } from "./frame-decoder.ts";
import { type Kernel, plainKernel } from "./kernel.ts";
import { frameOptions } from "./message-extensions.ts";
import { isControl, Opcode } from "./opcodes.ts";
import { PayloadBuffer } from "./payload-buffer.ts";
import { Utf8Validator } from "./utf8.ts";

export interface MessageLimits {
  readonly maxMessageSize: number;
  readonly maxFragments: number;
}

/**
 * Makes frames of the pieces that a decoder finds: unmasks, joins, checks sizes and UTF-8. A frame that it gives out
 * owns its bytes.
 */
export class MessageAssembler {
  readonly #decoder: FrameDecoder;
  readonly #isRaw: boolean;
  readonly #limits: MessageLimits;
  readonly #isMasked: boolean;
  // Made for the first frame that needs them: most are whole and never come here.
  #message: PayloadBuffer | undefined;
  #control: PayloadBuffer | undefined;
  /** One for all text messages: each ends between two characters, or the connection fails. */
  #utf8: Utf8Validator | undefined;
  readonly #kernel: Kernel;
  /** The opcode of the message in progress: continuation frames are of its type. */
  #opcode = 0;
  /** The reserved bits of its first frame. With any, its payload is for an extension to read. */
  #rsv = 0;
  #messageSize = 0;
  #fragments = 0;
  /** Whether a piece of the message in progress was given out already. */
  #isPartlyOut = false;

  /**
   * Set to have messages handed out in pieces as they arrive: data frames of which only the last of a message has
   * `fin`, none of them empty but that one. A piece can end inside a character. The limits then do not apply.
   */
  streaming = false;

  /** @param mode - `raw` hands on every frame as it came; `default` joins fragments to messages */
  constructor(
    decoder: FrameDecoder,
    isMasked: boolean,
    mode: "raw" | "default",
    limits: MessageLimits,
    kernel: Kernel = plainKernel,
  ) {
    this.#kernel = kernel;
    this.#decoder = decoder;
    this.#isMasked = isMasked;
    this.#isRaw = mode === "raw";
    this.#limits = limits;
  }

  /**
   * Takes the piece that the decoder stands at.
   * @returns the frame or message that the piece completes, or null
   * @throws {@link ProtocolViolationError} or {@link FrameTooBigError}
   */
  push(): Frame | null {
    return isControl(this.#decoder.opcode) ? this.#pushControl() : this.#pushData();
  }

  /** Where the rest of a data frame may be read to, as far as there is memory for it; empty between frames. */
  get room(): Uint8Array {
    const { opcode, missing } = this.#decoder;
    if (missing === 0 || isControl(opcode) || this.streaming) return noBytes;
    return this.#message?.room(missing) ?? noBytes;
  }

  #pushControl(): Frame | null {
    const decoder = this.#decoder;
    this.#control ??= new PayloadBuffer();
    this.#collect(this.#control, true);
    if (!decoder.last) return null;
    const payload = this.#control.take();
    switch (decoder.opcode) {
      case Opcode.PING:
        return new Frame.Ping(payload);
      case Opcode.PONG:
        return new Frame.Pong(payload);
      default:
        checkClose(payload);
        return new Frame.Close(payload);
    }
  }

  #pushData(): Frame | null {
    const decoder = this.#decoder;
    if (decoder.first) this.#beginFrame();
    this.#message ??= new PayloadBuffer(this.#kernel);
    const message = this.#message;
    const bytes = this.#collect(message, decoder.fin);
    if (this.#isText) this.#checkText(bytes);
    const isEnd = decoder.last && decoder.fin;
    if (isEnd) this.#checkTextIsComplete();
    else if (!this.#givesOutPart(message)) return null;
    return this.#makeFrame(message.take(), isEnd);
  }

  /** Whether what was collected of a message that goes on is given out now. */
  #givesOutPart(message: PayloadBuffer): boolean {
    return this.streaming ? message.size > 0 : this.#isRaw && this.#decoder.last;
  }

  #beginFrame(): void {
    const { opcode, length, rsv } = this.#decoder;
    const { maxMessageSize, maxFragments } = this.#limits;
    if (opcode !== Opcode.CONTINUATION) {
      this.#opcode = opcode;
      this.#rsv = rsv;
      this.#messageSize = 0;
      this.#fragments = 0;
      this.#isPartlyOut = false;
    }
    this.#messageSize += length;
    this.#fragments++;
    // A raw session holds one frame at a time, which maxFrameSize bounds; of a stream nothing is held.
    if (this.#isRaw || this.streaming) return;
    if (this.#messageSize > maxMessageSize) {
      throw new FrameTooBigError("maxMessageSize", this.#messageSize, maxMessageSize);
    }
    if (this.#fragments > maxFragments) {
      throw new FrameTooBigError("maxFragments", this.#fragments, maxFragments);
    }
  }

  /** Copies the piece, unmasked, behind what the buffer holds. */
  #collect(buffer: PayloadBuffer, final: boolean): Uint8Array {
    const { input, start, end, length, offset, key } = this.#decoder;
    if (start === end) return noBytes;
    const announced = this.streaming ? end - start : length - offset;
    const bytes = buffer.append(input, start, end, announced, final);
    if (this.#isMasked) this.#kernel.mask(bytes, 0, bytes.length, key, offset);
    return bytes;
  }

  get #isText(): boolean {
    return this.#opcode === Opcode.TEXT && this.#rsv === 0;
  }

  #checkText(bytes: Uint8Array): void {
    this.#utf8 ??= new Utf8Validator(this.#kernel.isUtf8);
    if (!this.#utf8.push(bytes)) throw notUtf8();
  }

  #checkTextIsComplete(): void {
    if (this.#isText && this.#utf8?.isComplete === false) throw notUtf8();
  }

  #makeFrame(payload: Uint8Array, fin: boolean): Frame {
    const isWhole = fin && !this.#isPartlyOut;
    this.#isPartlyOut = !fin;
    const options = isWhole && this.#rsv === 0 ? wholeFromWire : frameOptions(fin, this.#rsv);
    return this.#opcode === Opcode.TEXT
      ? new Frame.Text(payload, options, payload.length, this.#kernel)
      : new Frame.Binary(payload, options);
  }
}

function checkClose(payload: Uint8Array): void {
  const fault = closeFault(payload);
  if (fault !== null) throw new ProtocolViolationError(`the peer sent ${fault}`, 1002);
  if (!closeMessageIsUtf8(payload))
    throw new ProtocolViolationError("the message of a Close frame is not UTF-8", 1007);
}

/** RFC 6455 section 8.1. */
function notUtf8(): ProtocolViolationError {
  return new ProtocolViolationError("a text message is not UTF-8", 1007);
}
