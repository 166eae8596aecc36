// SPDX-License-Identifier: Apache-2.0
// Requests to our server that are no good, or at the edge of it: what a hostile client says instead of a handshake.
import { request } from "../../support/bare-client.ts";

/** What is written, and the status of the answer; null where the server ends the connection without any. */
export type RequestCase = readonly [row: string, name: string, text: string, status: number | null];

type Headers = Readonly<Record<string, string | null>>;

function changed(headers: Headers): string {
  return request({ headers });
}

/** With a line that is not a header of any kind. */
function withLine(line: string): string {
  return request().replace("\r\n\r\n", `\r\n${line}\r\n\r\n`);
}

const key = "dGhlIHNhbXBsZSBub25jZQ==";

const agreements: readonly RequestCase[] = [
  ["HS-01", "no Upgrade", changed({ Upgrade: null }), 426],
  ["HS-01", "another Upgrade", changed({ Upgrade: "h2c" }), 426],
  ["HS-01", "no Connection", changed({ Connection: null }), 426],
  ["HS-01", "another Connection", changed({ Connection: "close" }), 426],
  ["HS-01", "a Connection that only contains the word", changed({ Connection: "xupgrade" }), 426],
  ["HS-02", "a Connection that lists others", changed({ Connection: "keep-alive, Upgrade" }), 101],
  ["HS-02", "odd case, and white space", changed({ Upgrade: "\t WebSocket \t" }), 101],
  ["HS-03", "no key", changed({ "Sec-WebSocket-Key": null }), 400],
  ["HS-03", "a key that is too short", changed({ "Sec-WebSocket-Key": "AAAA" }), 400],
  ["HS-03", "a key that is too long", changed({ "Sec-WebSocket-Key": `AAAA${key}` }), 400],
  ["HS-03", "a key that is no base64", changed({ "Sec-WebSocket-Key": "!".repeat(22) + "==" }), 400],
  ["HS-03", "an empty key", changed({ "Sec-WebSocket-Key": "" }), 400],
  ["HS-04", "two keys", changed({ "sec-websocket-key": key }), 400],
  ["HS-04", "two versions", changed({ "sec-websocket-version": "13" }), 400],
  ["HS-04", "two Hosts", changed({ host: "other" }), 400],
  ["HS-03", "no version", changed({ "Sec-WebSocket-Version": null }), 400],
  ["HS-03", "another version", changed({ "Sec-WebSocket-Version": "8" }), 426],
  ["HS-03", "a version with a zero before it", changed({ "Sec-WebSocket-Version": "013" }), 426],
];

const offers: readonly RequestCase[] = [
  ["HS-05", "extensions that nobody knows", changed({ "Sec-WebSocket-Extensions": "x; y=1, z" }), 101],
  ["HS-06", "extensions that break the grammar", changed({ "Sec-WebSocket-Extensions": "a;=" }), 400],
  ["HS-06", "a quoted string without an end", changed({ "Sec-WebSocket-Extensions": 'a; b="c' }), 400],
  [
    "HS-06",
    "a thousand extensions",
    changed({ "Sec-WebSocket-Extensions": Array(1_000).fill("x").join() }),
    101,
  ],
  ["HS-07", "subprotocols that nobody knows", changed({ "Sec-WebSocket-Protocol": "x, __proto__" }), 101],
  ["HS-07", "subprotocols that are no tokens", changed({ "Sec-WebSocket-Protocol": "a b" }), 400],
  ["HS-07", "a subprotocol twice", changed({ "Sec-WebSocket-Protocol": "a, a" }), 400],
];

const malformed: readonly RequestCase[] = [
  ["HS-09", "a folded line", withLine("A: b\r\n c"), 400],
  ["HS-09", "white space before a colon", withLine("A : b"), 400],
  ["HS-09", "a line without a colon", withLine("bogus"), 400],
  ["HS-09", "a name that is no token", withLine("A(b): c"), 400],
  ["HS-09", "NUL in a value", withLine("A: b\0c"), 400],
  ["HS-09", "a bare CR in a value", withLine("A: b\rc"), 400],
  ["HS-09", "a header named __proto__ is one like others", changed({ ["__proto__"]: "x" }), 101],
  ["HS-10", "another method", request({ line: "POST / HTTP/1.1" }), 405],
  ["HS-10", "a method that is none", request({ line: "WEBSOCKET / HTTP/1.1" }), 400],
  ["HS-10", "HTTP/1.0", request({ line: "GET / HTTP/1.0" }), 505],
  ["HS-10", "HTTP/3.0", request({ line: "GET / HTTP/3.0" }), 400],
  ["HS-11", "a header of 20,000 bytes", changed({ A: "b".repeat(20_000) }), 431],
  ["HS-11", "ten thousand headers", `GET / HTTP/1.1\r\n${"A: b\r\n".repeat(10_000)}`, 431],
  ["HS-11", "a target of 20,000 bytes", request({ path: `/${"a".repeat(20_000)}` }), 431],
  ["HS-14", "content", changed({ "Content-Length": "5" }), 400],
  ["HS-14", "chunks", changed({ "Transfer-Encoding": "chunked" }), 400],
  ["HS-16", "TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", 400],
  ["HS-16", "another protocol", "EHLO example\r\n", 400],
  ["HS-16", "frames", "\x81\x82\x00\x00\x00\x00hi", 400],
  ["HS-12", "silence", "", null],
  ["HS-12", "silence inside the head", "GET / HTTP/1.1\r\nHost: h\r\n", null],
];

export const requests: readonly RequestCase[] = [...agreements, ...offers, ...malformed];
