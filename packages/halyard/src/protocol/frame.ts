// SPDX-License-Identifier: Apache-2.0
import { type BinaryData, copyOf, decodeUtf8, encodeUtf8, viewOf } from "./bytes.ts";
import { CloseReason, type CloseReasonInit, mayBeSent } from "./close-reason.ts";
import { InvalidArgumentError } from "./errors.ts";
import { ownOptions } from "./given.ts";
import type { Kernel } from "./kernel.ts";
import { Opcode } from "./opcodes.ts";
import { isUtf8 } from "./utf8.ts";

/** RFC 6455 section 5.5. */
export const maxControlPayload = 125;

/** The first byte of a data frame besides its opcode. */
export interface FrameOptions {
  /** Whether this is the last fragment of its message. @defaultValue true */
  readonly fin?: boolean | undefined;
  /** Reserved bits; they can be sent only where a negotiated extension has claimed them. @defaultValue false */
  readonly rsv1?: boolean | undefined;
  readonly rsv2?: boolean | undefined;
  readonly rsv3?: boolean | undefined;
}

/** Marks a text message whose UTF-8 was validated as it arrived. */
export const wholeFromWire: FrameOptions = {};

const finBit = 0x80;
/** The payload needs no check before it is sent. */
const knownUtf8 = 0x01;

/** FIN and the reserved bits where the first byte of a frame has them (RFC 6455 section 5.2). */
function bitsOf(options: FrameOptions | undefined): number {
  if (options === undefined || options === wholeFromWire) return finBit;
  // A copy has the bits of its frame.
  if (options instanceof BaseFrame) return options.bits & 0xf0;
  const { fin = true, rsv1, rsv2, rsv3 } = ownOptions(options);
  return (fin ? finBit : 0) | (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0);
}

/**
 * What all frames have. Ktor: `io.ktor.websocket.Frame`. What is the same for all of a class is no field, and flags share
 * one: frames are made for every message, and small ones cost what their fields cost.
 */
abstract class BaseFrame {
  /** What the frame is; a continuation frame is of the type of its message. */
  abstract readonly type: "text" | "binary" | "close" | "ping" | "pong";
  /** @internal */
  abstract readonly opcode: number;
  /** FIN and the reserved bits, as in the frame's first byte, and {@link knownUtf8}. @internal */
  readonly bits: number;

  constructor(options: FrameOptions | undefined, more = 0) {
    this.bits = bitsOf(options) | more;
  }

  /** Whether this is the last frame of its message. */
  get fin(): boolean {
    return (this.bits & finBit) !== 0;
  }

  /** The reserved bits, which belong to extensions. */
  get rsv1(): boolean {
    return (this.bits & 0x40) !== 0;
  }

  get rsv2(): boolean {
    return (this.bits & 0x20) !== 0;
  }

  get rsv3(): boolean {
    return (this.bits & 0x10) !== 0;
  }

  /**
   * The unmasked payload itself, not a copy. It never changes, but may share its buffer with other frames: to transfer
   * or change it, take {@link readBytes}.
   */
  abstract readonly data: Uint8Array;

  /** How many bytes the payload has; of a string that was not encoded yet, how many it may have at most. */
  abstract readonly size: number;

  /** The same frame with memory of its own. */
  abstract copy(): Frame;

  /** A copy of the payload. */
  readBytes(): Uint8Array {
    return copyOf(this.data);
  }

  toString(): string {
    // Not the class's name, which a bundler may change.
    const name = this.type.charAt(0).toUpperCase() + this.type.slice(1);
    return `Frame.${name}(fin=${this.fin}, ${this.data.length} bytes)`;
  }
}

/** A text message, or in a raw session a fragment of one (RFC 6455 section 5.6). */
export class TextFrame extends BaseFrame {
  #text: string | undefined;
  #data: Uint8Array | undefined;
  readonly #size: number;
  readonly #kernel: Kernel | undefined;

  /** @param content - a string, or UTF-8. Bytes are not copied until the frame is sent. */
  constructor(content: string | BinaryData, options?: FrameOptions);
  /**
   * @param size - how many bytes of UTF-8 a string is
   * @param kernel - by what bytes that are known to be UTF-8 become a string
   * @internal
   */
  constructor(content: string | Uint8Array, options: FrameOptions, size: number, kernel?: Kernel);
  constructor(content: string | BinaryData, options?: FrameOptions, size?: number, kernel?: Kernel) {
    super(options, typeof content === "string" || options === wholeFromWire ? knownUtf8 : 0);
    if (typeof content === "string") {
      this.#text = content;
      this.#size = size ?? content.length * 3;
    } else {
      this.#data = viewOf(content);
      this.#size = this.#data.length;
    }
    this.#kernel = kernel;
  }

  get type(): "text" {
    return "text";
  }

  /** @internal */
  get opcode(): typeof Opcode.TEXT {
    return Opcode.TEXT;
  }

  /** Whether the payload needs no check before it is sent. @internal */
  get isKnownUtf8(): boolean {
    return (this.bits & knownUtf8) !== 0;
  }

  get size(): number {
    return this.#data?.length ?? this.#size;
  }

  /** The string that it was made of, if it was. What was read of bytes may have lost what is not UTF-8. @internal */
  get text(): string | undefined {
    return this.isKnownUtf8 ? this.#text : undefined;
  }

  get data(): Uint8Array {
    this.#data ??= encodeUtf8(this.#text as string);
    return this.#data;
  }

  override copy(): TextFrame {
    const { text } = this;
    return text === undefined
      ? new TextFrame(copyOf(this.data), this)
      : new TextFrame(text, this, this.#size);
  }

  /**
   * The message as a string.
   * @throws {@link InvalidArgumentError} for a fragment (`fin` false), whose last character may be cut
   */
  readText(): string {
    if (!this.fin)
      throw new InvalidArgumentError("text can be read only from a frame with fin: this is a fragment");
    this.#text ??= this.#kernel?.decode(this.data, 0, this.data.length) ?? decodeUtf8(this.data);
    return this.#text;
  }
}

/** A binary message, or in a raw session a fragment of one (RFC 6455 section 5.6). */
export class BinaryFrame extends BaseFrame {
  readonly data: Uint8Array;

  /** @param content - not copied until the frame is sent */
  constructor(content: BinaryData, options?: FrameOptions) {
    super(options);
    this.data = viewOf(content);
  }

  get type(): "binary" {
    return "binary";
  }

  /** @internal */
  get opcode(): typeof Opcode.BINARY {
    return Opcode.BINARY;
  }

  get size(): number {
    return this.data.length;
  }

  override copy(): BinaryFrame {
    return new BinaryFrame(copyOf(this.data), this);
  }
}

/** A frame about the connection itself: never fragmented, and short (RFC 6455 section 5.5). */
abstract class ControlFrame extends BaseFrame {
  readonly data: Uint8Array;

  get size(): number {
    return this.data.length;
  }

  /** @throws {@link InvalidArgumentError} when the payload is over 125 bytes */
  constructor(content: BinaryData = new Uint8Array(0)) {
    super(undefined);
    this.data = viewOf(content);
    const { length } = this.data;
    if (length <= maxControlPayload) return;
    throw new InvalidArgumentError(
      `a control frame holds ${maxControlPayload} bytes of payload, and these are ${length}`,
    );
  }
}

/** A ping (RFC 6455 section 5.5.2). Sessions answer pings themselves unless they are raw. */
export class PingFrame extends ControlFrame {
  get type(): "ping" {
    return "ping";
  }

  /** @internal */
  get opcode(): typeof Opcode.PING {
    return Opcode.PING;
  }

  override copy(): PingFrame {
    return new PingFrame(copyOf(this.data));
  }
}

/** A pong (RFC 6455 section 5.5.3). */
export class PongFrame extends ControlFrame {
  get type(): "pong" {
    return "pong";
  }

  /** @internal */
  get opcode(): typeof Opcode.PONG {
    return Opcode.PONG;
  }

  override copy(): PongFrame {
    return new PongFrame(copyOf(this.data));
  }
}

/** A Close frame (RFC 6455 section 5.5.1). In a default session it is never seen; `close()` sends it. */
export class CloseFrame extends ControlFrame {
  get type(): "close" {
    return "close";
  }

  /** @internal */
  get opcode(): typeof Opcode.CLOSE {
    return Opcode.CLOSE;
  }

  /**
   * @param reason - none makes an empty frame, which the peer reports as 1005
   * @throws {@link InvalidArgumentError} for a code that must not be sent (RFC 6455 section 7.4), a payload of one byte
   * or over 125 bytes, a message that is not UTF-8, or anything that is no reason
   */
  constructor(reason: CloseReason | CloseReasonInit | BinaryData = new Uint8Array(0)) {
    super(closePayload(reason));
    const fault = closeFault(this.data);
    if (fault !== null) throw new InvalidArgumentError(`${fault} must not be sent`);
    if (!closeMessageIsUtf8(this.data)) {
      throw new InvalidArgumentError("a close message that is not UTF-8 must not be sent");
    }
  }

  /** The reason, or null when the frame is empty. */
  readReason(): CloseReason | null {
    if (this.data.length < 2) return null;
    return new CloseReason(codeOf(this.data), decodeUtf8(this.data.subarray(2)));
  }

  override copy(): CloseFrame {
    return new CloseFrame(copyOf(this.data));
  }
}

function closePayload(reason: CloseReason | CloseReasonInit | BinaryData): BinaryData {
  if (typeof reason !== "object" || reason === null) {
    throw new InvalidArgumentError("a close reason is { code, message } or a CloseReason");
  }
  return isBinaryData(reason) ? reason : encodeReason(reason);
}

function isBinaryData(value: object): value is BinaryData {
  return ArrayBuffer.isView(value) || ("byteLength" in value && !("code" in value));
}

function codeOf(payload: Uint8Array): number {
  return ((payload[0] as number) << 8) | (payload[1] as number);
}

function encodeReason(reason: CloseReasonInit): Uint8Array {
  const given = reason instanceof CloseReason ? reason : ownOptions(reason);
  const { code, message } = new CloseReason(given.code, given.message);
  const text = encodeUtf8(message);
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code;
  payload.set(text, 2);
  return payload;
}

/** What is wrong with the payload of a Close frame (RFC 6455 sections 5.5.1 and 7.4), or null. */
export function closeFault(payload: Uint8Array): string | null {
  if (payload.length === 0) return null;
  if (payload.length === 1) return "a close payload of one byte";
  const code = codeOf(payload);
  if (!mayBeSent(code)) return `close code ${code}`;
  return null;
}

/** Whether the message of a Close frame is UTF-8 (RFC 6455 section 5.5.1). */
export function closeMessageIsUtf8(payload: Uint8Array): boolean {
  return isUtf8(payload, 2);
}

/**
 * One frame of RFC 6455, or in a default session one whole message. It narrows by `frame.type` and by `instanceof`.
 * Ktor: `io.ktor.websocket.Frame`.
 */
export type Frame = TextFrame | BinaryFrame | CloseFrame | PingFrame | PongFrame;

/** The classes of frames: `new Frame.Text("hello")`, `frame instanceof Frame.Close`. */
export const Frame: {
  readonly Text: typeof TextFrame;
  readonly Binary: typeof BinaryFrame;
  readonly Close: typeof CloseFrame;
  readonly Ping: typeof PingFrame;
  readonly Pong: typeof PongFrame;
} = { Text: TextFrame, Binary: BinaryFrame, Close: CloseFrame, Ping: PingFrame, Pong: PongFrame };

/** The types of frames: `Frame.Text`. */
export declare namespace Frame {
  export type Text = TextFrame;
  export type Binary = BinaryFrame;
  export type Close = CloseFrame;
  export type Ping = PingFrame;
  export type Pong = PongFrame;
}
