// SPDX-License-Identifier: Apache-2.0
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
}

/** Makes `Headers` when somebody asks: they are half a kilobyte, and most sessions nobody asks. */
abstract class Head {
  #fields: Iterable<Header> | undefined;
  #headers: Headers | undefined;

  constructor(fields: Iterable<Header>) {
    this.#fields = fields;
  }

  get headers(): Headers {
    this.#headers ??= toHeaders(this.#fields ?? []);
    this.#fields = undefined;
    return this.#headers;
  }
}

export class RequestHead extends Head {
  readonly url: URL;

  constructor(url: URL, fields: Iterable<Header>) {
    super(fields);
    this.url = url;
  }
}

export class ResponseHead extends Head {
  readonly status: number;

  constructor(status: number, fields: Iterable<Header>) {
    super(fields);
    this.status = status;
  }
}
