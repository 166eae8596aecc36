// SPDX-License-Identifier: Apache-2.0
import type { Http2Stream } from "node:http2";
import { copyOf } from "../protocol/bytes.ts";
import { type ByteSink, type ByteStream, writeChunks } from "./byte-stream.ts";

/** RFC 9113 section 7. */
export const http2Codes = {
  NO_ERROR: 0x0,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

/** How many turns of the loop a stream that is given up has for what was written. */
const lastTurns = 4;

/**
 * A stream of HTTP/2 in the place of a socket (RFC 8441 section 5): END_STREAM stands for an orderly end, RST_STREAM for a
 * reset. While it is paused its window is not opened again, which stops the peer; the other streams of the connection go on.
 */
export class Http2ByteStream implements ByteStream {
  readonly endsOnBothSides = true;
  onClose: ((stream: ByteStream) => void) | null = null;
  readonly #stream: Http2Stream;
  readonly #released: () => void;
  #sink: ByteSink | undefined;
  #unclaimed: Uint8Array[] | null = null;
  #error: Error | undefined;
  #hasEnded = false;
  #isGivenUp = false;
  #isGone = false;

  /**
   * Nobody else may read from the stream or write to it from now on.
   * @param released - called when the stream is gone
   */
  constructor(stream: Http2Stream, released: () => void = () => undefined) {
    this.#stream = stream;
    this.#released = released;
    stream.on("data", (chunk: Uint8Array) => {
      if (!this.#received(chunk)) stream.pause();
    });
    stream.pause();
    stream.on("error", (error) => (this.#error ??= error));
    stream.on("end", () => {
      // A reset ends what can be read, too.
      if (stream.rstCode !== http2Codes.NO_ERROR) return;
      this.#hasEnded = true;
      if (!this.#isGivenUp) this.#sink?.ended();
    });
    stream.on("close", () => this.#gone());
    if (stream.destroyed) process.nextTick(() => this.#gone());
  }

  attach(sink: ByteSink): void {
    this.#sink = sink;
    const unclaimed = this.#unclaimed;
    this.#unclaimed = null;
    if (unclaimed !== null && sink.received(Buffer.concat(unclaimed), false)) this.resume();
    if (this.#isGone) process.nextTick(() => sink.closed(this.#error));
  }

  detach(): void {
    this.#sink = undefined;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  write(chunks: readonly Uint8Array[], written: () => void): void {
    writeChunks(this.#stream, chunks, written);
  }

  end(): void {
    this.#stream.end();
  }

  destroy(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#stream.end();
    // Of a stream that is paused no end can be seen.
    this.#stream.resume();
    this.#leave(lastTurns);
  }

  /** Where both sides have ended, the stream ends by itself. Not every platform says so. */
  #leave(turns: number): void {
    if (this.#isGone) return;
    if (turns > 0) {
      setImmediate(() => this.#leave(turns - 1));
      return;
    }
    if (!(this.#hasEnded && this.#stream.writableFinished)) this.#stream.close(http2Codes.CANCEL);
    this.#stream.destroy();
    this.#gone();
  }

  #received(chunk: Uint8Array): boolean {
    if (this.#isGivenUp) return true;
    if (this.#sink !== undefined) return this.#sink.received(chunk, false);
    this.#unclaimed ??= [];
    this.#unclaimed.push(copyOf(chunk));
    return false;
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    // The platform takes CANCEL, and a connection that has just ended, for no error.
    if (!this.#hasEnded && !this.#isGivenUp) this.#error ??= new Error(howItEnded(this.#stream));
    this.#sink?.closed(this.#error);
    this.#released();
    this.onClose?.(this);
  }
}

/** What became of a stream that did not end in order. */
export function howItEnded(stream: Http2Stream): string {
  const { rstCode } = stream;
  return stream.session === undefined || stream.session.destroyed
    ? "the HTTP/2 connection has ended"
    : `the HTTP/2 stream was reset with code ${rstCode}`;
}
