// SPDX-License-Identifier: Apache-2.0
import { inflateWasm } from "../../../wasm/inflate.wasm.ts";
import { instantiate, type WasmExports } from "../../../wasm/instantiate.ts";
import type { SlidingWindow } from "../sliding-window.ts";

/** Of `wasm/inflate.ts`. */
interface InflateExports extends WasmExports {
  sourceAt(): number;
  historyAt(): number;
  historySize(): number;
  inflate(start: number, at: number, size: number, room: number, reach: number): number;
}

/** The state of no window. */
const noWindow = -1;

/** What `inflate` answers instead of a length. */
const full = -2;

/** Why there is no message: it may be damaged, cut or of another kind, or it does not fit. */
export type NotInflated = "unsure" | "full";

/**
 * Inflates small messages in WebAssembly. All sessions share it: it is given the window with each message. What it leaves is
 * zlib's, which also says what is wrong. With 1 KiB of JSON on Node 20 it was measured to take 5 us where zlib takes 13
 * to 22 without a context and 26 to 44 with one, since zlib makes an engine for each message and reads the window into it.
 */
export class SmallInflate {
  readonly #exports: InflateExports;
  readonly #source: Uint8Array;
  /** The window, and the message behind it. */
  readonly #history: Uint8Array;
  /** Up to `#end` lies the window that has this state: messages of one session often come one after another. */
  #state = noWindow;
  #end = 0;

  constructor(exports: InflateExports) {
    const { buffer } = exports.memory;
    this.#exports = exports;
    const historyAt = exports.historyAt();
    this.#source = new Uint8Array(buffer, exports.sourceAt(), historyAt - exports.sourceAt());
    this.#history = new Uint8Array(buffer, historyAt, exports.historySize());
  }

  /**
   * @param payload - of a whole message, at most 16 KiB
   * @param room - how long the message may be, at most 128 KiB
   * @param keepsContext - whether the message becomes a part of the window
   */
  inflate(
    payload: Uint8Array,
    window: SlidingWindow,
    room: number,
    keepsContext: boolean,
  ): Uint8Array | NotInflated {
    if (window.state !== this.#state || this.#end + room > this.#history.length) {
      this.#end = window.copyLast(window.size, this.#history);
      this.#state = window.state;
    }
    this.#source.set(payload);
    const start = this.#end - window.length;
    const size = this.#exports.inflate(start, this.#end, payload.length, room, window.size);
    if (size < 0) return size === full ? "full" : "unsure";
    const message = this.#history.slice(this.#end, this.#end + size);
    this.#end += size;
    if (keepsContext) window.push(message);
    this.#state = keepsContext ? window.state : noWindow;
    return message;
  }
}

let shared: SmallInflate | null | undefined;

/** That of this process, made when it is first asked for, or null where there is no WebAssembly. */
export function sharedInflate(): SmallInflate | null {
  if (shared === undefined) {
    const exports = instantiate<InflateExports>(inflateWasm);
    shared = exports === null ? null : new SmallInflate(exports);
  }
  return shared;
}
