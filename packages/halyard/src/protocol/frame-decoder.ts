// SPDX-License-Identifier: Apache-2.0
import { noBytes } from "./bytes.ts";
import { FrameTooBigError, ProtocolViolationError } from "./errors.ts";
import { maxControlPayload } from "./frame.ts";
import { isControl, isReserved, Opcode } from "./opcodes.ts";

/** FIN, the reserved bits, opcode, MASK, the longest length and a masking key (RFC 6455 section 5.2). */
const maxHeaderBytes = 14;

/** The header that is being read, of whichever connection: one of its own would be 230 bytes of each. */
const header = new Uint8Array(maxHeaderBytes);

export interface FrameDecoderOptions {
  /** A server demands masked frames, a client refuses them (RFC 6455 section 5.1). */
  readonly role: "client" | "server";
  /** The largest payload of a frame in bytes; a larger one is refused as soon as its header is read. */
  readonly maxFrameSize: number;
  /** The reserved bits that extensions have claimed, for the first frame of a message. @defaultValue 0 */
  readonly reserved?: number | undefined;
}

/**
 * Cuts bytes into frames by RFC 6455 section 5.2, under any split of the input, and refuses what no state of a
 * connection allows. It copies nothing but a header that was split: after {@link next} has returned true, the piece of
 * payload lies in `input` between `start` and `end`, still masked.
 *
 * Fields instead of result objects, because this loop runs for every frame.
 */
export class FrameDecoder {
  fin = true;
  /** The reserved bits where the first byte has them: 0x40, 0x20, 0x10. */
  rsv = 0;
  opcode = 0;
  /** The payload's size as the header tells it. */
  length = 0;
  /** Whether the piece begins a frame, and whether it ends it. */
  first = false;
  last = false;
  input: Uint8Array = noBytes;
  start = 0;
  end = 0;
  /** How many bytes of the payload came before this piece. */
  offset = 0;
  /** The masking key; meaningful on a server. */
  readonly key: Uint8Array;

  maxFrameSize: number;
  readonly #masked: boolean;
  readonly #reserved: number;
  /** Of a header whose rest is still to come. */
  #piece: Uint8Array = noBytes;
  #headerSize = 0;
  #at = 0;
  /** Set between the header and the last byte of a payload. */
  #inPayload = false;
  /** Whether a data message has begun whose last fragment is still to come (RFC 6455 section 5.4). */
  #inMessage = false;

  constructor(options: FrameDecoderOptions) {
    this.#masked = options.role === "server";
    this.key = this.#masked ? new Uint8Array(4) : noBytes;
    this.maxFrameSize = options.maxFrameSize;
    this.#reserved = options.reserved ?? 0;
  }

  /** Takes a chunk, which is read in place. The previous one must have been read to its end. */
  feed(chunk: Uint8Array): void {
    this.input = chunk;
    this.#at = 0;
  }

  /**
   * Where the next message begins in the input, or -1 inside of one.
   * Whoever reads frames there himself says with {@link skipTo} how far he came.
   */
  get messageStart(): number {
    return this.#inPayload || this.#inMessage || this.#headerSize > 0 ? -1 : this.#at;
  }

  skipTo(at: number): void {
    this.#at = at;
  }

  /** How many bytes of the payload in progress are still to come, once the input is read to its end. */
  get missing(): number {
    return this.#inPayload ? this.length - this.offset - (this.end - this.start) : 0;
  }

  get hasUnread(): boolean {
    return this.#at < this.input.length;
  }

  /** The part of the input that was not read yet. */
  get unread(): Uint8Array {
    return this.input.subarray(this.#at);
  }

  /**
   * Goes on to the next piece of a payload.
   * @returns false when more input is needed
   * @throws {@link ProtocolViolationError} or {@link FrameTooBigError} as soon as the header shows it
   */
  next(): boolean {
    if (!this.#inPayload) {
      if (!this.#readHeader()) return false;
      this.first = true;
      this.offset = 0;
      this.#inPayload = true;
    } else {
      this.first = false;
      this.offset += this.end - this.start;
    }
    const available = this.input.length - this.#at;
    const wanted = this.length - this.offset;
    if (available === 0 && !this.first) {
      this.start = this.end = this.#at;
      return false;
    }
    this.start = this.#at;
    this.#at = this.end = this.start + Math.min(available, wanted);
    this.last = available >= wanted;
    if (this.last) this.#inPayload = false;
    return true;
  }

  #readHeader(): boolean {
    const size = this.#collectHeader();
    if (size === 0) return false;
    const first = header[0] as number;
    this.fin = (first & 0x80) !== 0;
    this.rsv = first & 0x70;
    this.opcode = first & 0x0f;
    this.length = this.#readLength();
    // Past 2^53 a length was rounded, and the frame's end would be missed.
    const limit = Math.min(this.maxFrameSize, Number.MAX_SAFE_INTEGER);
    if (this.length > limit) throw new FrameTooBigError("maxFrameSize", this.length, limit);
    if (this.#masked) this.key.set(header.subarray(size - 4, size));
    this.#headerSize = 0;
    return true;
  }

  /** Fills `header` byte by byte across chunks, judging each as it comes. Returns its size once it is complete. */
  #collectHeader(): number {
    let size = this.#headerSize;
    if (size > 0) header.set(this.#piece);
    this.#piece = noBytes;
    let wanted = size < 2 ? 2 : this.#wantedHeaderBytes();
    while (size < wanted && this.#at < this.input.length) {
      header[size++] = this.input[this.#at++] as number;
      this.#headerSize = size;
      if (size === 1) this.#checkFirstByte(header[0] as number);
      if (size === 2) {
        this.#checkSecondByte(header[1] as number);
        wanted = this.#wantedHeaderBytes();
      }
    }
    if (size === wanted) return size;
    if (size > 0) this.#piece = header.slice(0, size);
    return 0;
  }

  #wantedHeaderBytes(): number {
    const code = (header[1] as number) & 0x7f;
    return (code === 127 ? 10 : code === 126 ? 4 : 2) + (this.#masked ? 4 : 0);
  }

  #checkFirstByte(byte: number): void {
    const opcode = byte & 0x0f;
    if (isReserved(opcode)) throw violation(`opcode ${opcode} is reserved`);
    this.#checkReserved(byte & 0x70, opcode);
    const fin = (byte & 0x80) !== 0;
    if (isControl(opcode)) {
      if (!fin) throw violation("a control frame is fragmented");
      return;
    }
    const continues = opcode === Opcode.CONTINUATION;
    if (continues && !this.#inMessage)
      throw violation("a continuation frame comes without a message to continue");
    if (!continues && this.#inMessage) throw violation("a new message begins inside a fragmented one");
    this.#inMessage = !fin;
  }

  /** RFC 6455 section 5.2 and RFC 7692 section 6.1: what extensions have claimed may stand where a message begins. */
  #checkReserved(rsv: number, opcode: number): void {
    if ((rsv & ~this.#reserved) !== 0) throw violation("a reserved bit is set that no extension has claimed");
    if (rsv !== 0 && (isControl(opcode) || opcode === Opcode.CONTINUATION)) {
      throw violation("a reserved bit is set on a frame that does not begin a message");
    }
  }

  #checkSecondByte(byte: number): void {
    if (((byte & 0x80) !== 0) !== this.#masked) {
      throw violation(this.#masked ? "a frame of a client is not masked" : "a frame of a server is masked");
    }
    if (isControl((header[0] as number) & 0x0f) && (byte & 0x7f) > maxControlPayload) {
      throw violation("a control frame is longer than 125 bytes");
    }
  }

  /** RFC 6455 section 5.2: the shortest of the three forms, and no more than 63 bits. */
  #readLength(): number {
    const code = (header[1] as number) & 0x7f;
    if (code < 126) return code;
    if (code === 126) {
      const length = ((header[2] as number) << 8) | (header[3] as number);
      if (length < 126) throw violation(`a length of ${length} is written in 16 bits`);
      return length;
    }
    const view = new DataView(header.buffer, 2, 8);
    const high = view.getUint32(0);
    if (high >= 2 ** 31) throw violation("the highest bit of a 64-bit length is set");
    const length = high * 2 ** 32 + view.getUint32(4);
    if (length <= 0xffff) throw violation(`a length of ${length} is written in 64 bits`);
    return length;
  }
}

function violation(message: string): ProtocolViolationError {
  return new ProtocolViolationError(message, 1002);
}
