// SPDX-License-Identifier: Apache-2.0
import { constants, deflateRawSync, type InflateRaw, inflateRawSync, type ZlibOptions } from "node:zlib";
import { FrameTooBigError, ProtocolViolationError } from "../../../protocol/errors.ts";
import { compact, joined } from "../memory.ts";
import { SlidingWindow } from "../sliding-window.ts";
import { type Engine, newInflater, OutputLimitError, runEngine } from "./engine.ts";
import { type SmallInflate, sharedInflate } from "./small-inflate.ts";
import { onThread } from "./threads.ts";

/**
 * What is inflated on the spot. Where this was measured (2 cores, Node 20, JSON), the hop to a thread adds 90 us to
 * messages of 1 to 4 KiB (15 us on the spot) and 20 to 50 us to larger ones, while 128 KiB take 170 us: not more than that
 * may the event loop stand still for one message.
 */
const syncInput = 16 * 1024;
const syncOutput = 128 * 1024;

/** What no peer can foresee: 64 of eight octets, so that zlib makes a code of their own for them. */
const mark = unforeseen();

/**
 * What follows a payload: the end of an empty block, which the sender has cut off (RFC 7692 section 7.2.2), and a final
 * block of which the mark comes. A payload was whole if the mark is the last that comes out. An empty final block would
 * not do: zlib takes a payload that is cut for whole if its last block can end just there, and a stored block takes what it
 * lacks from anything, while the codes of another may be chosen for whatever can be foreseen.
 */
const trailer = joined([
  Uint8Array.of(0x00, 0x00, 0xff, 0xff),
  deflateRawSync(mark, { strategy: constants.Z_HUFFMAN_ONLY, memLevel: 1, windowBits: 9 }),
]);

/**
 * After a final block inside a message comes a new engine, while two bytes suffice for the block: this many are free,
 * and more have to come with some bytes each.
 */
const freeFinalBlocks = 64;
const bytesPerFinalBlock = 256;

/**
 * Inflates the messages of one direction. Between messages only the window is kept; zlib's own 10 to 50 KiB live for one
 * call, or for one message that comes in several chunks.
 */
export class Inflater {
  readonly #options: ZlibOptions;
  readonly #keepsContext: boolean;
  readonly #window: SlidingWindow;
  readonly #signal: AbortSignal;
  readonly #small: () => SmallInflate | null;
  /** That of a message whose end has not come. */
  #engine: Engine | undefined;
  /** Of the message in progress. */
  #consumed = 0;
  #finalBlocks = 0;

  /**
   * @param windowBits - of the peer, 8 to 15
   * @param signal - its abort ends what is under way, with its reason
   * @param small - what inflates small messages faster than zlib, if anything does
   */
  constructor(
    windowBits: number,
    keepsContext: boolean,
    signal: AbortSignal,
    small: () => SmallInflate | null = sharedInflate,
  ) {
    // A larger window inflates the same; and zlib, asked to compress with 8 bits, has long done so with 9.
    const bits = Math.max(windowBits, 9);
    this.#options = { windowBits: bits };
    this.#keepsContext = keepsContext;
    this.#window = new SlidingWindow(2 ** bits);
    this.#signal = signal;
    this.#small = small;
  }

  /** As `MessageCodec.decode`. */
  decode(chunk: Uint8Array, fin: boolean, limit: number): Uint8Array | Promise<Uint8Array> {
    this.#signal.throwIfAborted();
    // An empty message is 0x00 (RFC 7692 section 7.2.3.6), but without that octet it can mean nothing else.
    if (chunk.length === 0 && (!fin || this.#engine === undefined)) return new Uint8Array(0);
    if (fin && this.#engine === undefined && chunk.length <= syncInput) {
      const message = this.#inflateNow(chunk, limit);
      if (message !== null) {
        // It may have begun with fragments, of which the last ended with a final block.
        this.#endMessage();
        return message;
      }
    }
    return this.#inflateOnThread(chunk, fin, limit);
  }

  dispose(): void {
    this.#endMessage();
    this.#window.clear();
  }

  /** A whole message, or null if it is too large for that or holds a final block. */
  #inflateNow(payload: Uint8Array, limit: number): Uint8Array | null {
    const room = Math.max(0, Math.min(limit, syncOutput));
    const message = this.#small()?.inflate(payload, this.#window, room, this.#keepsContext) ?? "unsure";
    if (message instanceof Uint8Array) return message;
    if (message === "full" && limit > syncOutput) return null;
    return this.#inflateByZlib(payload, limit);
  }

  #inflateByZlib(payload: Uint8Array, limit: number): Uint8Array | null {
    const input = joined([payload, trailer]);
    try {
      const { buffer, engine } = inflateRawSync(input, {
        ...this.#options,
        dictionary: this.#window.bytes,
        // What is allocated at once: 16 KiB by default, which most messages do not need.
        chunkSize: Math.min(Math.max(payload.length * 8, 1024), 16 * 1024),
        maxOutputLength: Math.min(limit, syncOutput) + mark.length,
        info: true,
      }) as unknown as { readonly buffer: Uint8Array; readonly engine: InflateRaw };
      if (engine.bytesWritten < input.length) return null;
      const message = withoutMark(buffer);
      if (this.#keepsContext) this.#window.push(message);
      return compact(message);
    } catch (error) {
      if (codeOf(error) !== "ERR_BUFFER_TOO_LARGE") throw asViolation(error);
      if (limit <= syncOutput) throw tooBig(limit);
      return null;
    }
  }

  async #inflateOnThread(chunk: Uint8Array, fin: boolean, limit: number): Promise<Uint8Array> {
    // Copied in either case: received bytes lie in memory that is used again.
    const input = joined(fin ? [chunk, trailer] : [chunk]);
    try {
      const output = await onThread(this.#signal, () => this.#feed(input, chunk.length, fin, limit));
      if (fin) this.#endMessage();
      return output;
    } catch (error) {
      this.#endMessage();
      throw error instanceof OutputLimitError ? tooBig(limit) : asViolation(error);
    }
  }

  async #feed(input: Uint8Array, payloadEnd: number, fin: boolean, limit: number): Promise<Uint8Array> {
    const outputs: Uint8Array[] = [];
    let size = 0;
    let at = 0;
    // A final block ends zlib's data, not the message (RFC 7692 section 7.2.3.4), and the window reaches across it.
    do {
      this.#signal.throwIfAborted();
      this.#engine ??= newInflater({ ...this.#options, dictionary: this.#window.bytes });
      const { output, consumed, ended } = await runEngine(this.#engine, {
        bytes: input.subarray(at),
        last: fin,
        limit: limit - size + (fin ? mark.length : 0),
        signal: this.#signal,
      });
      at += consumed;
      const part = at === input.length && fin ? withoutMark(output) : output;
      this.#window.push(part);
      outputs.push(part);
      size += part.length;
      this.#consumed += consumed;
      if (ended) this.#engine = undefined;
      if (at < payloadEnd) this.#countFinalBlock();
    } while (at < payloadEnd);
    // After a final block a sender has to add 0x00, which the trailer makes an empty block. One that did not is understood
    // nevertheless; one whose final block reaches into the trailer was cut.
    if (fin && at !== payloadEnd && at !== input.length) throw violation(endsInBlock);
    // Without a mark there was more room than for it.
    if (size > limit) throw new OutputLimitError(`more than ${limit} bytes`);
    return outputs.length === 1 ? (outputs[0] as Uint8Array) : joined(outputs);
  }

  #countFinalBlock(): void {
    this.#finalBlocks++;
    if (this.#finalBlocks > freeFinalBlocks + this.#consumed / bytesPerFinalBlock) {
      throw violation(`${this.#finalBlocks} final blocks in ${this.#consumed} bytes`);
    }
  }

  #endMessage(): void {
    this.#engine?.destroy();
    this.#engine = undefined;
    this.#consumed = 0;
    this.#finalBlocks = 0;
    if (!this.#keepsContext) this.#window.clear();
  }
}

function unforeseen(): Uint8Array {
  const octets = crypto.getRandomValues(new Uint8Array(8));
  return crypto.getRandomValues(new Uint8Array(64)).map((choice) => octets[choice % octets.length] as number);
}

const endsInBlock = "the data ends inside a block";

/** @throws ProtocolViolationError if the mark is not the last that has come out */
function withoutMark(output: Uint8Array): Uint8Array {
  const end = output.length - mark.length;
  if (mark.some((octet, at) => output[end + at] !== octet)) throw violation(endsInBlock);
  return output.subarray(0, end);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function tooBig(limit: number): FrameTooBigError {
  // How large it would have become is not known: inflating stops there.
  return new FrameTooBigError("maxMessageSize", limit + 1, limit);
}

/**
 * Data that cannot be inflated is payload that is "not consistent with the type of the message" (RFC 6455 section 7.4.1):
 * 1007, as other implementations answer it. The frames themselves are in order, so it is not 1002.
 */
function violation(reason: string, cause?: unknown): ProtocolViolationError {
  return new ProtocolViolationError(`a compressed message cannot be inflated: ${reason}`, 1007, { cause });
}

/** Z_BUF_ERROR is zlib's word for data that is cut. All else, lack of memory above all, is not the peer's fault. */
function asViolation(error: unknown): unknown {
  const code = codeOf(error);
  return code === "Z_DATA_ERROR" || code === "Z_BUF_ERROR"
    ? violation((error as Error).message, error)
    : error;
}
