// SPDX-License-Identifier: Apache-2.0

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
