// SPDX-License-Identifier: Apache-2.0
import { copyOf } from "../protocol/bytes.ts";
import type { ReceiveChannel } from "../session/channel.ts";
import { ChannelClosedError } from "../session/errors.ts";
import { unlessAborted } from "../session/waiting.ts";

/**
 * One message as it arrives: iterate over its chunks, once. While nobody takes them the connection is not read, so that
 * the peer waits; what it sends behind the message waits too. The loop ends with the message, and throws when the
 * session ends before, or the message was cancelled or read already. Leaving the loop drops the rest of the message.
 */
abstract class BaseStream<T> implements AsyncIterable<T> {
  /** What kind of message it is: its chunks are strings, or bytes. */
  abstract readonly type: "text" | "binary";
  readonly #pieces: ReceiveChannel<Uint8Array>;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #maxChunkSize: number;
  readonly #signal: AbortSignal | undefined;
  /** What is left of a piece that is larger than a chunk. */
  #rest: Uint8Array | null = null;
  #isOver = false;

  /** @internal */
  constructor(pieces: ReceiveChannel<Uint8Array>, maxChunkSize: number, signal: AbortSignal | undefined) {
    this.#pieces = pieces;
    this.#iterator = pieces[Symbol.asyncIterator]();
    this.#maxChunkSize = maxChunkSize;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const chunk = await this.#nextChunk();
        const content = this.read(chunk);
        if (content !== null) yield content;
        if (chunk === null) return;
      }
    } finally {
      this.cancel();
    }
  }

  /** Drops the rest of the message; the one behind it can then be received. */
  cancel(): void {
    this.#isOver = true;
    this.#rest = null;
    this.#pieces.cancel();
  }

  /** Null at the end. Pieces are cut only here, so that a large one is not in memory as very many small ones. */
  async #nextChunk(): Promise<Uint8Array | null> {
    const max = this.#maxChunkSize;
    const piece = this.#rest ?? (await this.#nextPiece());
    this.#signal?.throwIfAborted();
    const isCut = this.#rest !== null;
    if (piece === null || (!isCut && piece.length <= max)) return piece;
    this.#rest = piece.length > max ? piece.subarray(max) : null;
    // In memory of its own: its reader may transfer it away.
    return copyOf(piece.subarray(0, max));
  }

  async #nextPiece(): Promise<Uint8Array | null> {
    const next = this.#iterator.next();
    const { done, value } = this.#signal === undefined ? await next : await unlessAborted(next, this.#signal);
    if (done !== true) return value;
    // It must not be taken for the message's end.
    if (this.#isOver) throw new ChannelClosedError("the message was cancelled, or read to its end before");
    return null;
  }

  /**
   * What the user gets of a chunk, if anything; null stands for the end.
   * @internal
   */
  protected abstract read(chunk: Uint8Array | null): T | null;
}

/** A text message as it arrives. Its chunks are never empty, and never end inside a character. */
export class TextMessageStream extends BaseStream<string> {
  readonly type = "text";
  // What is not UTF-8 has ended the session before it comes here.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** The rest of the message as one string. What it may take is bounded only by `maxMessageSize` of the call. */
  async text(): Promise<string> {
    let whole = "";
    for await (const chunk of this) whole += chunk;
    return whole;
  }

  /** @internal */
  protected override read(chunk: Uint8Array | null): string | null {
    const text = chunk === null ? this.#decoder.decode() : this.#decoder.decode(chunk, { stream: true });
    return text === "" ? null : text;
  }
}

/** A binary message as it arrives. Its chunks are never empty, and each is the reader's own. */
export class BinaryMessageStream extends BaseStream<Uint8Array> {
  readonly type = "binary";

  /** The rest of the message in one piece. What it may take is bounded only by `maxMessageSize` of the call. */
  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this) chunks.push(chunk);
    const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /** @internal */
  protected override read(chunk: Uint8Array | null): Uint8Array | null {
    return chunk;
  }
}

/** A message that is read while it arrives; `type` tells which. */
export type MessageStream = TextMessageStream | BinaryMessageStream;
