// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import {
  ClientHandshake,
  type ClientHandshakeOptions,
} from "../../../src/protocol/handshake/client-handshake.ts";
import type { Header } from "../../../src/protocol/handshake/header-list.ts";

/** The key and the answer of RFC 6455 section 1.3. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

export function fromLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** Cuts bytes at the given places, which are taken modulo the length. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

export const anyCuts: fc.Arbitrary<number[]> = fc.array(fc.nat(), { maxLength: 12 });

/** What a function returns or throws, to compare two runs of it. */
export function outcome(run: () => unknown): unknown {
  try {
    return { returned: run() };
  } catch (error) {
    return { thrown: error };
  }
}

export function clientHandshake(options: Partial<ClientHandshakeOptions> = {}): ClientHandshake {
  return new ClientHandshake({
    target: "/chat",
    host: "example.com",
    key: KEY,
    headers: [],
    subprotocols: [],
    extensions: [],
    url: "ws://example.com/chat",
    ...options,
  });
}

export const AGREEMENT: readonly Header[] = [
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Accept", ACCEPT],
];

export function answer(
  headers: readonly Header[],
  statusLine = "HTTP/1.1 101 Switching Protocols",
): Uint8Array {
  return latin1(`${statusLine}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
}
