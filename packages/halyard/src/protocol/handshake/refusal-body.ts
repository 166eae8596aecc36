// SPDX-License-Identifier: Apache-2.0

import { listContains } from "./header-grammar.ts";
import type { HeaderList } from "./header-list.ts";
import type { ResponseHead } from "./http-head.ts";

const MAX_BODY = 4096;
/** The longest line of the chunked coding that is followed: a size and its extensions, which nobody sends. */
const MAX_CHUNK_LINE = 256;

/**
 * Keeps the first 4 KiB of a refusal's content for the error. It never fails: the connection is given up anyway, and
 * what is broken about the content only ends it.
 */
export class RefusalBody {
  readonly #bytes = new Uint8Array(MAX_BODY);
  readonly #framing: Framing;
  #length = 0;

  constructor(head: Pick<ResponseHead, "status" | "headers">) {
    this.#framing = framingOf(head);
  }

  /** Whether there is nothing more to wait for: the content has ended, or enough of it is here. */
  get complete(): boolean {
    return this.#framing.ended || this.#length === MAX_BODY;
  }

  receive(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0 && !this.complete) {
      const taken = this.#framing.take(rest, (content) => this.#keep(content));
      rest = rest.subarray(taken);
    }
  }

  /** The content as UTF-8, without a character that the limit has cut in two. */
  text(): string {
    return new TextDecoder("utf-8").decode(this.#bytes.subarray(0, this.#length), { stream: true });
  }

  #keep(content: Uint8Array): void {
    const kept = content.subarray(0, MAX_BODY - this.#length);
    this.#bytes.set(kept, this.#length);
    this.#length += kept.length;
  }
}

/** Where content ends (RFC 9112 section 6.3). */
interface Framing {
  readonly ended: boolean;
  /** Takes at least one byte of a chunk that is not empty, and returns how many it took. */
  take(chunk: Uint8Array, keep: (content: Uint8Array) => void): number;
}

function framingOf({ status, headers }: Pick<ResponseHead, "status" | "headers">): Framing {
  if (status === 204 || status === 304) return new LengthFraming(0);
  const codings = headers.get("Transfer-Encoding");
  if (listContains(codings, "chunked")) return new ChunkedFraming();
  return new LengthFraming(codings.length > 0 ? Number.POSITIVE_INFINITY : contentLength(headers));
}

/** A length that is missing, contradictory or no number leaves the end to the end of the connection. */
function contentLength(headers: HeaderList): number {
  const [length = "", ...others] = headers.get("Content-Length");
  const valid = /^[0-9]{1,15}$/.test(length) && others.every((other) => other === length);
  return valid ? Number(length) : Number.POSITIVE_INFINITY;
}

class LengthFraming implements Framing {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get ended(): boolean {
    return this.#left === 0;
  }

  take(chunk: Uint8Array, keep: (content: Uint8Array) => void): number {
    const taken = Math.min(chunk.length, this.#left);
    keep(chunk.subarray(0, taken));
    this.#left -= taken;
    return taken;
  }
}

/** RFC 9112 section 7.1. Trailers are not waited for. */
class ChunkedFraming implements Framing {
  #ended = false;
  #line = "";
  #data = new LengthFraming(0);
  /** After the data of a chunk comes an empty line. */
  #afterData = false;

  get ended(): boolean {
    return this.#ended;
  }

  take(chunk: Uint8Array, keep: (content: Uint8Array) => void): number {
    if (!this.#data.ended) return this.#data.take(chunk, keep);
    const end = chunk.indexOf(0x0a);
    const taken = end < 0 ? chunk.length : end + 1;
    if (this.#line.length + taken > MAX_CHUNK_LINE) this.#ended = true;
    else this.#line += String.fromCharCode(...chunk.subarray(0, taken));
    if (this.#line.endsWith("\n")) this.#endLine();
    return taken;
  }

  #endLine(): void {
    const expected = this.#afterData ? /^\r?\n$/ : /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?\r?\n$/;
    const [matched, size = ""] = expected.exec(this.#line) ?? [];
    this.#line = "";
    this.#ended = matched === undefined || /^0+$/.test(size);
    this.#data = new LengthFraming(size === "" ? 0 : Number.parseInt(size, 16));
    this.#afterData = size !== "";
  }
}
