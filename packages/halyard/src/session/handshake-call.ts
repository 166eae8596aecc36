// SPDX-License-Identifier: Apache-2.0
import type { HandshakeTimings } from "../protocol/errors.ts";
import { type Header, toHeaders } from "../protocol/handshake/header-list.ts";

/** The opening handshake that made a session. Ktor: `HttpClientCall`. */
export interface HandshakeCall {
  readonly request: {
    /** Without user information. */
    readonly url: URL;
    /** On a client, the headers that were asked for; on a server, all that came. */
    readonly headers: Headers;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Headers;
  };
  /** How long its phases took, in milliseconds; empty on a server. */
  readonly timings: HandshakeTimings;
}

/**
 * Makes `Headers` when somebody asks, and until then keeps the fields as one string: most sessions nobody asks, and an
 * array for each field is four times that.
 */
abstract class Head {
  #packed: string;
  #headers: Headers | undefined;

  constructor(fields: Iterable<Header>) {
    this.#packed = pack(fields);
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = toHeaders(unpack(this.#packed));
      this.#packed = "";
    }
    return this.#headers;
  }
}

export class RequestHead extends Head {
  #url: string | URL;

  /** @param url - in full */
  constructor(url: string, fields: Iterable<Header>) {
    super(fields);
    this.#url = url;
  }

  get url(): URL {
    if (typeof this.#url === "string") this.#url = new URL(this.#url);
    return this.#url;
  }
}

export class ResponseHead extends Head {
  readonly status: number;

  constructor(status: number, fields: Iterable<Header>) {
    super(fields);
    this.status = status;
  }
}

/** No name has a colon in it, and no value a line end. Joined, since a sum of strings would keep all of its parts. */
function pack(fields: Iterable<Header>): string {
  const lines: string[] = [];
  for (const field of fields) lines.push(`${field[0]}:${field[1]}`);
  return lines.join("\n");
}

function unpack(packed: string): Header[] {
  if (packed === "") return [];
  return packed.split("\n").map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  });
}
