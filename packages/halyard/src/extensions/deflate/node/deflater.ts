// SPDX-License-Identifier: Apache-2.0
import { constants, deflateRawSync, type ZlibOptions } from "node:zlib";
import type { Encoded } from "../../../protocol/extension.ts";
import { compact, joined } from "../memory.ts";
import { SlidingWindow } from "../sliding-window.ts";
import { newDeflater, runEngine } from "./engine.ts";
import { type SmallDeflate, sharedDeflate } from "./small-deflate.ts";
import { onThread } from "./threads.ts";

/**
 * What is compressed on the spot. Where this was measured (2 cores, Node 20, JSON, level 6), the hop to a thread adds 140
 * us to 1 KiB (80 us on the spot, 25 us without a context), 70 us to 16 KiB (300 us) and 50 us to 32 KiB (610 us): it
 * begins to pay where the event loop would stand still for longer than that.
 */
const syncInput = 32 * 1024;

/**
 * What is deflated without zlib, and how far back it looks for what it repeats. All of that may have to be read anew for a
 * message: zlib takes 50 us for 32 KiB, 15 for 8. What a feed repeats is near, where it also takes fewer bits to say.
 */
const smallMessage = 4 * 1024;
const nearBytes = 8 * 1024;

/** zlib allocates so much for a result at once. */
const smallestOutput = 512;
const largestOutput = 16 * 1024;

/** Of a flushed block; RFC 7692 section 7.2.1 cuts it off the end of a message. */
const flushTail = 4;

/** The levels that are the default. Small messages come out the same without zlib; whoever asks for others gets zlib's. */
const ownLevel = 6;
const ownMemLevel = 8;

/** Compresses the messages of one direction. Between chunks only the window is kept; zlib's own 300 KiB live for one call. */
export class Deflater {
  readonly #options: ZlibOptions;
  readonly #keepsContext: boolean;
  readonly #window: SlidingWindow;
  readonly #signal: AbortSignal;
  readonly #small: () => SmallDeflate | null;
  /** Whether a chunk of the message in progress was encoded. */
  #isInMessage = false;

  /**
   * @param windowBits - 8 to 15, what the peer has been promised
   * @param signal - its abort ends what is under way, with its reason
   * @param small - what deflates small messages faster than zlib, if anything does
   */
  constructor(
    levels: { readonly level: number; readonly memLevel: number },
    windowBits: number,
    keepsContext: boolean,
    signal: AbortSignal,
    small: () => SmallDeflate | null = sharedDeflate,
  ) {
    this.#options = {
      level: levels.level,
      memLevel: levels.memLevel,
      ...windowOptions(windowBits),
      finishFlush: constants.Z_SYNC_FLUSH,
    };
    this.#keepsContext = keepsContext;
    this.#window = new SlidingWindow(2 ** windowBits);
    this.#signal = signal;
    const isOwn = levels.level === ownLevel && levels.memLevel === ownMemLevel;
    this.#small = isOwn ? small : () => null;
  }

  /** As `MessageCodec.encode`. */
  encode(chunk: Uint8Array, fin: boolean): Uint8Array | Promise<Encoded> {
    this.#signal.throwIfAborted();
    if (chunk.length === 0 && !fin) {
      // Its frame is compressed all the same, and so must be those that follow.
      this.#isInMessage = true;
      return new Uint8Array(0);
    }
    const small = chunk.length <= smallMessage ? this.#small() : null;
    if (small !== null) return this.#deflateSmall(small, chunk, fin);
    if (chunk.length > syncInput) return this.#deflateOnThread(joined([chunk]), fin);
    return this.#finish(deflateRawSync(chunk, this.#zlibOptions(chunk.length)), chunk, fin);
  }

  dispose(): void {
    this.#window.clear();
  }

  #deflateSmall(small: SmallDeflate, chunk: Uint8Array, fin: boolean): Uint8Array {
    const joins = this.#keepsContext || !fin;
    const deflated = small.deflate(chunk, this.#window, nearBytes, joins);
    if (!joins) this.#window.clear();
    this.#isInMessage = !fin;
    return deflated.slice(0, fin ? -flushTail : undefined);
  }

  /** @param chunk - a copy: bytes that changed meanwhile would leave a window that the peer does not have */
  async #deflateOnThread(chunk: Uint8Array, fin: boolean): Promise<Encoded> {
    const { output } = await onThread(this.#signal, () =>
      runEngine(newDeflater(this.#zlibOptions(chunk.length)), {
        bytes: chunk,
        last: true,
        limit: Infinity,
        signal: this.#signal,
      }),
    );
    // Larger it would cost both sides, and a message of exactly the peer's limit would pass it. What is sent as it is does
    // not enter the context; a small message does in any case, since it often comes again.
    const isWhole = fin && !this.#isInMessage;
    if (isWhole && output.length - flushTail >= chunk.length) return { plain: chunk };
    return this.#finish(output, chunk, fin);
  }

  #zlibOptions(size: number): ZlibOptions {
    const dictionary = size <= smallMessage ? this.#window.last(nearBytes) : this.#window.bytes;
    const chunkSize = Math.min(Math.max(size, smallestOutput), largestOutput);
    return { ...this.#options, chunkSize, dictionary };
  }

  #finish(deflated: Uint8Array, chunk: Uint8Array, fin: boolean): Uint8Array {
    this.#isInMessage = !fin;
    if (fin && !this.#keepsContext) this.#window.clear();
    else this.#window.push(chunk);
    return compact(fin ? deflated.subarray(0, -flushTail) : deflated);
  }
}

/**
 * For what is not small. zlib cannot compress with a window of 8 bits and takes 9 instead, while the peer may inflate with
 * 256 bytes. As it is built, it does not reach back further than 250 even so, but only of Z_RLE it promises anything:
 * distance 1.
 */
function windowOptions(windowBits: number): ZlibOptions {
  return windowBits === 8 ? { windowBits: 9, strategy: constants.Z_RLE } : { windowBits };
}
