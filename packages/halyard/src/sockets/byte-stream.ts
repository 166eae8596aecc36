// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from "node:stream";

/** Who is told what comes out of a stream. */
export interface ByteSink {
  /**
   * Takes bytes, which are valid only during the call unless they are given.
   *
   * @param isGiven - nobody else will ever write to their memory
   * @returns false to be given no more until {@link ByteStream.resume}
   */
  received(chunk: Uint8Array, isGiven: boolean): boolean;
  /** Where the next bytes are to be read to, if that matters; {@link received} then gets them there. */
  wantedMemory?(): Uint8Array | null;
  /** The peer has ended its side: no more bytes will come. */
  ended(): void;
  /** The stream is gone; the last call. */
  closed(error: Error | undefined): void;
}

/** What a connection is carried by: a socket, or a stream of HTTP/2. */
export interface ByteStream {
  /** Whether a client, too, ends its side as soon as both Close frames have passed: not every proxy tells of the server's end. */
  readonly endsOnBothSides: boolean;
  /** Called when the stream is gone, whoever is attached. */
  onClose: ((stream: ByteStream) => void) | null;
  /** Gives what comes from now on to `sink`, and first what nobody was there to take. */
  attach(sink: ByteSink): void;
  /** Keeps what comes until somebody else is attached. */
  detach(): void;
  pause(): void;
  resume(): void;
  /**
   * Writes chunks at once.
   * @param written - called when all of it was handed to the operating system; never when the stream failed before
   */
  write(chunks: readonly Uint8Array[], written: () => void): void;
  /** Ends our side after what was written. */
  end(): void;
  /** Gives up the stream, after one attempt to write what was written. */
  destroy(): void;
}

/** See {@link ByteStream.write}. */
export function writeChunks(stream: Duplex, chunks: readonly Uint8Array[], written: () => void): void {
  let isWritten = false;
  const settle = (error?: Error | null) => {
    if (isWritten || error) return;
    isWritten = true;
    written();
  };
  const last = chunks.length - 1;
  if (last > 0) stream.cork();
  for (let at = 0; at < last; at++) stream.write(chunks[at]);
  stream.write(chunks[last], settle);
  if (last > 0) stream.uncork();
  // The kernel took it all within the call: no need to wait for the callback.
  if (stream.writableLength === 0 && !stream.destroyed) settle();
}
