// SPDX-License-Identifier: Apache-2.0

/** What is used of WHATWG's `WebSocket`, which also `ws`, undici and React Native have. */
export interface WebSocketLike {
  binaryType: string;
  /** The chosen subprotocol; some platforms say null for none. */
  readonly protocol: string | null;
  readonly bufferedAmount: number;
  /** 2 while it is closing. */
  readonly readyState?: number;
  send(content: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "message" | "error" | "close", listener: (event: never) => void): void;
  /** Bun and `ws` can give a connection up at once. */
  terminate?(): void;
  /** Bun can stop the messages of the peer. */
  pause?(): void;
  resume?(): void;
}

/** A class of such sockets. */
export type WebSocketConstructor = new (url: string, subprotocols?: string[]) => WebSocketLike;

/** What a socket is to be made for. */
export interface JsRequest {
  /** `ws:` or `wss:`. It may hold secrets in its query. */
  readonly url: string;
  /** To be offered, the preferred first. */
  readonly subprotocols: readonly string[];
  /** Of the request; none where the engine lacks the capability `requestHeaders`. */
  readonly headers: Readonly<Record<string, string>>;
}
