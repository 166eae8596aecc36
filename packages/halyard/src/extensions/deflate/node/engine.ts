// SPDX-License-Identifier: Apache-2.0
import {
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
  type ZlibOptions,
} from "node:zlib";
import { joined } from "../memory.ts";

/** zlib on libuv's threads. */
export type Engine = DeflateRaw | InflateRaw;

/** Each piece of output is a hop to a thread and back; zlib's 16 KiB would make many of them. */
const chunkSize = 64 * 1024;

export function newDeflater(options: ZlibOptions): Engine {
  return withoutUncaught(createDeflateRaw({ ...options, chunkSize }));
}

export function newInflater(options: ZlibOptions): Engine {
  return withoutUncaught(createInflateRaw({ ...options, chunkSize }));
}

/** What an engine reports after it was destroyed, nobody waits for. */
function withoutUncaught(engine: Engine): Engine {
  return engine.on("error", () => undefined);
}

/** More than the limit came out of an engine. */
export class OutputLimitError extends Error {
  override readonly name = "OutputLimitError";
}

export interface EngineInput {
  readonly bytes: Uint8Array;
  /** Whether nothing follows. */
  readonly last: boolean;
  /** How many bytes may come out. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

export interface EngineRun {
  readonly output: Uint8Array;
  /** How much of the input was taken. The rest, if any, lies behind the end of the data. */
  readonly consumed: number;
  /** Whether the engine has ended, by the last input or by the data's own end, and is destroyed. */
  readonly ended: boolean;
}

/**
 * Gives an engine one piece of input and collects what comes out. One that fails, passes the limit or is abandoned is
 * destroyed at once; since zlib then calls nobody back, whoever waits is told here.
 */
export function runEngine(engine: Engine, { bytes, last, limit, signal }: EngineInput): Promise<EngineRun> {
  const before = engine.bytesWritten;
  const parts: Uint8Array[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const collect = (part: Uint8Array): void => {
      parts.push(part);
      size += part.length;
      if (size > limit) fail(new OutputLimitError(`more than ${limit} bytes`));
    };
    const finish = (): void => {
      stopListening();
      const ended = engine.readableEnded;
      if (ended) engine.destroy();
      resolve({ output: joined(parts), consumed: engine.bytesWritten - before, ended });
    };
    const fail = (error: Error): void => {
      stopListening();
      engine.destroy();
      reject(error);
    };
    const abandon = (): void => fail(signal.reason as Error);
    const stopListening = (): void => {
      engine.off("data", collect).off("end", finish).off("error", fail);
      signal.removeEventListener("abort", abandon);
    };
    // The end comes also when a final block ends the data, and what was written is then never called back.
    engine.on("data", collect).on("end", finish).on("error", fail);
    signal.addEventListener("abort", abandon, { once: true });
    if (last) engine.end(bytes);
    else engine.write(bytes, (error) => (error ? fail(error) : finish()));
  });
}
