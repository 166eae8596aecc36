// SPDX-License-Identifier: Apache-2.0
import { ChannelClosedError } from "./errors.ts";

/** A clean end, and the error that it is to who still waits or asks: made then, since a stack takes 5 to 25 µs. */
export class CleanEnd {
  readonly #message: string;
  #error: ChannelClosedError | undefined;

  constructor(message: string) {
    this.#message = message;
  }

  /** The same one for everybody. */
  get error(): ChannelClosedError {
    this.#error ??= new ChannelClosedError(this.#message);
    return this.#error;
  }
}

/** What an end is thrown as. */
export function errorOf(end: unknown): unknown {
  return end instanceof CleanEnd ? end.error : end;
}
