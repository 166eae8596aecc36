// SPDX-License-Identifier: Apache-2.0
import type { ProxyError } from "../../../session/errors.ts";

/**
 * What is said to a proxy until it leads to the server. It yields what to say next, which may be nothing, and is given the next
 * bytes, valid until it yields again. What it returns are those behind the proxy's last word, which are the server's.
 */
export type Dialogue = Generator<Uint8Array, Uint8Array, Uint8Array>;

/** Where the way is to lead to. */
export interface ProxyTarget {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Makes the error of a proxy that does not lead to the server; `reason` says what the proxy did. */
export type ProxyFailure = (
  reason: string,
  context?: { readonly status?: number; readonly headers?: Headers; readonly cause?: unknown },
) => ProxyError;

export const nothing: Uint8Array = new Uint8Array(0);

/** The answers of a proxy that counts its bytes, however they come. */
export class Answers {
  readonly #failed: ProxyFailure;
  #bytes: Uint8Array = nothing;

  constructor(failed: ProxyFailure) {
    this.#failed = failed;
  }

  /** What nobody has asked for. */
  get rest(): Uint8Array {
    return this.#bytes;
  }

  /** Says something, if there is something to say, and waits for an answer of so many bytes. */
  *ask(size: number, say: Uint8Array = nothing): Dialogue {
    if (say.length > 0 && this.#bytes.length > 0) throw this.#failed("it answered before it was asked");
    let next = say;
    while (this.#bytes.length < size) {
      this.#bytes = Buffer.concat([this.#bytes, yield next]);
      next = nothing;
    }
    const asked = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return asked;
  }
}
