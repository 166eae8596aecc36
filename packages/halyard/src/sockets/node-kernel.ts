// SPDX-License-Identifier: Apache-2.0
import { isAscii as isAsciiByNode, isUtf8 } from "node:buffer";
import { decodeUtf8 } from "../protocol/bytes.ts";
import type { Kernel } from "../protocol/kernel.ts";
import { applyMask } from "../protocol/masking.ts";
import { WasmBytes } from "./wasm-bytes.ts";

/** From here on a view and a native call cost less than a loop over words (Node 20, 2 KiB: 83 ns and 180 ns). */
const nativeBytes = 1024;
/** Below it a loop over bytes is as fast. */
const leastWords = 8;

/** A method of `Buffer` that Node, Bun and Deno have: on any bytes, and without a view. */
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string;
  readonly utf8Slice: (this: Uint8Array, start: number, end: number) => string;
};

/** Below it the copies cost more than vectors gain. */
const leastMasked = 512;
const leastTranscoded = 32;
/** The decoders of Node 24 and later, and of Bun and Deno, which call themselves that, have vectors of their own. */
const transcodes = Number.parseInt(process.versions.node, 10) < 24;
/** Theirs finds out itself what is ASCII, and takes less than `TextDecoder`; but Deno's takes half as much again. */
const slices = !transcodes && !("deno" in process.versions);

/** From here on glibc's malloc asks the system for each piece of memory, until it has learnt better. */
const largeBytes = 128 * 1024;
/** The largest that it learns from, less what it needs itself. */
const lessonBytes = 32 * 2 ** 20 - 64 * 1024;
/** Elsewhere, and in Bun and Deno, malloc is another one, and Windows would set memory aside for it. */
let teaches = process.platform === "linux" && !("bun" in process.versions || "deno" in process.versions);

/** What was asked about last, and its words: of one read there are many texts. */
let known: Uint8Array = new Uint8Array(0);
let words: Uint32Array | null = null;

/** By what Node's buffers can do. */
export const nodeKernel: Kernel = {
  decode(bytes, start, end) {
    const isLong = end - start >= nativeBytes;
    if (!(isLong && slices) && isAscii(bytes, start, end)) return latin1Slice.call(bytes, start, end);
    const wasm = transcodes && end - start >= leastTranscoded ? WasmBytes.get() : null;
    if (wasm !== null) return wasm.decode(bytes, start, end);
    const part = bytes.subarray(start, end);
    if (!isUtf8(part)) return undefined;
    return slices ? utf8Slice.call(bytes, start, end) : decodeUtf8(part);
  },
  units: (bytes, start, end) => latin1Slice.call(bytes, start, end),
  isUtf8: (bytes) => isUtf8(bytes),
  mask(bytes, start, end, key, phase = 0) {
    const wasm = end - start >= leastMasked ? WasmBytes.get() : null;
    if (wasm === null) applyMask(bytes, start, end, key, phase);
    else wasm.mask(bytes, start, end, key, phase);
  },
  // Memory that was used before has its pages, and zeros in it would be overwritten anyway.
  allocate(size) {
    if (teaches && size >= largeBytes) teachToKeepMemory();
    return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
  },
};

/**
 * When glibc's malloc frees memory that the system gave it for one piece, it takes up to twice as much for what is worth keeping: so after this one, which
 * nobody writes to and which takes no pages, the memory of large messages is used again. Else it often goes back to the
 * system with every collection, and each page of it costs a fault (Node 20, binary of 1 MiB: 150 to 175 µs, else 140 to 550).
 * A port that is closed drops at once what is sent through it: nothing of it is left for the collector, or to be counted.
 */
function teachToKeepMemory(): void {
  teaches = false;
  try {
    const lesson = new ArrayBuffer(lessonBytes);
    const { port1 } = new MessageChannel();
    port1.close();
    port1.postMessage(lesson, [lesson]);
  } catch {
    // Too little memory for it, or no such global, as where tests imitate a browser: large messages cost more, and that is all.
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start >= nativeBytes) return isAsciiByNode(bytes.subarray(start, end));
  let all = 0;
  let at = start;
  const whole = end - start < leastWords ? null : wordsOf(bytes);
  if (whole !== null) {
    for (; (at & 3) !== 0; at++) all |= bytes[at] as number;
    const last = end >> 2;
    let any = 0;
    for (let word = at >> 2; word < last; word++) any |= whole[word] as number;
    if ((any & 0x80808080) !== 0) return false;
    at = last << 2;
  }
  for (; at < end; at++) all |= bytes[at] as number;
  return all < 0x80;
}

/** Null where the bytes do not begin at a word, as in what Node has received for others. */
function wordsOf(bytes: Uint8Array): Uint32Array | null {
  if (bytes === known) return words;
  const isAligned = (bytes.byteOffset & 3) === 0;
  known = bytes;
  words = isAligned ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) : null;
  return words;
}
