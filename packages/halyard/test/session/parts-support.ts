// SPDX-License-Identifier: Apache-2.0
import { Deferred } from "../../src/session/waiting.ts";

/** The parts of a message, text to the compiler, which come when the test gives them. */
export class Source implements AsyncIterableIterator<string> {
  /** How often it was asked for a part. */
  asked = 0;
  /** How often it was told that no more is wanted. */
  stopped = 0;
  /** What comes, asked for or not. */
  readonly #coming: Deferred<IteratorResult<string>>[] = [];
  #given = 0;

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<string>> {
    return this.#at(this.asked++).promise;
  }

  return(): Promise<IteratorResult<string>> {
    this.stopped++;
    // Like a generator that is busy for ever.
    return new Promise(() => undefined);
  }

  give(...parts: (string | Uint8Array)[]): void {
    for (const value of parts as string[]) this.#at(this.#given++).resolve({ done: false, value });
  }

  end(): void {
    this.#at(this.#given++).resolve({ done: true, value: undefined });
  }

  fail(error: unknown): void {
    this.#at(this.#given++).reject(error);
  }

  #at(index: number): Deferred<IteratorResult<string>> {
    const deferred = this.#coming[index] ?? new Deferred();
    this.#coming[index] = deferred;
    return deferred;
  }
}

/** All parts at once. */
export async function* parts<T>(...all: T[]): AsyncGenerator<T, void, undefined> {
  for (const part of all) yield part;
}
