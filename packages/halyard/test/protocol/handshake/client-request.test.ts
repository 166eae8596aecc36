// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../../src/protocol/errors.ts";
import type { ClientHandshakeOptions } from "../../../src/protocol/handshake/client-handshake.ts";
import { RequestTemplate } from "../../../src/protocol/handshake/client-request.ts";
import { parseExtensions } from "../../../src/protocol/handshake/header-grammar.ts";
import { clientHandshake, fromLatin1, KEY } from "./support.ts";

function request(options: Partial<ClientHandshakeOptions> = {}): string {
  return fromLatin1(clientHandshake(options).request);
}

/** The whole of an error, which carries the URL apart from its message. */
function invalidArgument(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { url: "ws://example.com/chat" });
}

describe("the request", () => {
  test("is the same but for the key where it is written ahead, whatever looks like a key in it", () => {
    const offer = {
      target: `/?a=${"=".repeat(24)}&Sec-WebSocket-Key:`,
      host: "example.com",
      headers: [["X-Key", `Sec-WebSocket-Key: ${"=".repeat(24)} \xfc`]] as const,
      subprotocols: ["a", "b"],
      extensions: [],
      url: "ws://example.com/",
    };
    const template = new RequestTemplate(offer);
    const keys = [KEY, "AAAAAAAAAAAAAAAAAAAAAA==", KEY];
    // None of them lies in the memory of another.
    const heads = keys.map((key) => ({ key, bytes: template.withKey(key) }));
    for (const { key, bytes } of heads) {
      expect(fromLatin1(bytes)).toBe(
        `GET ${offer.target} HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a, b\r\n` +
          `User-Agent: halyard\r\nX-Key: ${offer.headers[0][1]}\r\n\r\n`,
      );
    }
    expect(() => template.withKey("abc")).toThrow("the key must be base64 of 16 bytes");
  });

  test("is the opening handshake of RFC 6455 section 4.1, without Origin", () => {
    expect(request()).toBe(
      [
        "GET /chat HTTP/1.1",
        "Host: example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Key: ${KEY}`,
        "Sec-WebSocket-Version: 13",
        "User-Agent: halyard",
        "",
        "",
      ].join("\r\n"),
    );
  });

  test("offers subprotocols and extensions, then carries the application's headers in order", () => {
    const text = request({
      subprotocols: ["b", "A", "constructor"],
      extensions: parseExtensions("permessage-deflate; client_max_window_bits, x"),
      headers: [
        ["Origin", "https://example.com"],
        ["Cookie", "a=b"],
        ["x-latin", "\xfc"],
        ["X-Empty", ""],
        ["Cookie", "c=d"],
      ],
    });
    expect(text.slice(text.indexOf("Sec-WebSocket-Protocol"))).toBe(
      [
        "Sec-WebSocket-Protocol: b, A, constructor",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x",
        "User-Agent: halyard",
        "Origin: https://example.com",
        "Cookie: a=b",
        "x-latin: \xfc",
        "X-Empty: ",
        "Cookie: c=d",
        "",
        "",
      ].join("\r\n"),
    );
  });

  test("has the application's User-Agent instead of ours", () => {
    expect(request({ headers: [["user-agent", "me/1"]] })).toMatch(/user-agent: me\/1\r\n\r\n$/);
    expect(request({ headers: [["user-agent", "me/1"]] })).not.toContain("halyard");
  });

  test("has the application's Host instead of the URL's, in its place (HS-20)", () => {
    expect(request({ headers: [["hOST", "other:81"]] })).toMatch(
      /^GET \/chat HTTP\/1\.1\r\nHost: other:81\r\n/,
    );
    expect(request({ headers: [["hOST", "other:81"]] }).match(/host:/gi)).toHaveLength(1);
  });
});

describe("refused before anything is sent (HS-19, HS-20)", () => {
  const reserved = [
    ["Sec-WebSocket-Key", "it is made for each attempt"],
    ["sec-websocket-version", "it is always 13"],
    ["Sec-WebSocket-Accept", "it is computed from the key"],
    ["SEC-WEBSOCKET-EXTENSIONS", "extensions are negotiated by the plugin"],
    ["Sec-WebSocket-Protocol", "use `subprotocols`"],
    ["Connection", "it is always Upgrade"],
    ["Upgrade", "it is always websocket"],
    ["Content-Length", "a handshake has no content"],
    ["Transfer-Encoding", "a handshake has no content"],
  ] as const;
  test.each(reserved)("the header %s", (name, why) => {
    expect(() => request({ headers: [[name, "x"]] })).toThrow(
      invalidArgument(`the header "${name}" cannot be set: ${why}`),
    );
  });

  test.each([
    ["a\r\nb", "\\r\\n"],
    ["a b", "a b"],
    ["a:", "a:"],
    ["", '""'],
    ["é", "\\u00e9"],
  ])("the header name %j", (name, shown) => {
    expect(() => request({ headers: [[name, "x"]] })).toThrow(shown);
    expect(() => request({ headers: [[name, "x"]] })).toThrow("is not a token");
  });

  test.each([
    "secret\r\nX-Evil: 1",
    "secret\n",
    "secret\r",
    "secret\0",
    "secret\x1b",
    "secret\x7f",
    "secret\u0100",
    "secret😀",
  ])("the header value %j, which is not shown", (value) => {
    const run = (): unknown => request({ headers: [["Authorization", value]] });
    expect(run).toThrow(InvalidArgumentError);
    expect(run).toThrow(
      /^the value of the header "Authorization" has a control character or one above U\+00FF$/,
    );
  });

  test.each([
    ["a space", ["token here"], "subprotocols[0] is not a token"],
    ["nothing", ["a", ""], "subprotocols[1] is not a token"],
    ["a comma", ["a,b"], "subprotocols[0] is not a token"],
    ["a line end", ["a\r\nX: y"], "subprotocols[0] is not a token"],
    ["a letter beyond ASCII", ["é"], "subprotocols[0] is not a token"],
    ["what is no string", [7 as never], "subprotocols[0] is not a token"],
    ["another one", ["a", "b", "a"], "subprotocols[2] comes twice"],
  ])("a subprotocol with %s, which is not shown", (_, subprotocols, message) => {
    expect(() => request({ subprotocols })).toThrow(invalidArgument(message));
  });

  test.each(["", "chat", "/a b", "/\r\nX: y", "/é", "/a#b", "http://a/"])("the target %j", (target) => {
    expect(() => request({ target })).toThrow("the request target must begin with /");
  });

  test.each(["", "a b", "user:secret@a", "a\r\nX: y", "a/b"])("the host %j, which is not shown", (host) => {
    const message = 'the header "Host" is not a host and a port';
    expect(() => request({ host })).toThrow(invalidArgument(message));
    expect(() => request({ headers: [["Host", host]] })).toThrow(invalidArgument(message));
  });

  test("two Host headers", () => {
    const headers = [["Host", "a"] as const, ["host", "b"] as const];
    expect(() => request({ headers })).toThrow('the header "Host" is given twice');
  });

  test("a key that is not of 16 bytes, and an extension that is not a token", () => {
    expect(() => request({ key: "abc" })).toThrow("the key must be base64 of 16 bytes");
    expect(() => request({ extensions: [{ name: "a b", params: [] }] })).toThrow(InvalidArgumentError);
  });
});

describe("for any strings of the application (HS-19)", () => {
  const piece = fc.constantFrom(
    "a",
    "X-Name",
    "Host",
    "host",
    "value",
    ":",
    " ",
    "\r",
    "\n",
    "\r\n",
    "\0",
    "é",
    "Ā",
    ",",
    "/",
    "\t",
  );
  const text = fc.oneof(
    { arbitrary: fc.constantFrom("a", "b", "c-d", "e.f:1"), weight: 8 },
    { arbitrary: fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join("")), weight: 1 },
    { arbitrary: fc.string({ unit: "binary", maxLength: 20 }), weight: 1 },
  );
  const offer = fc.record({
    target: text.map((path) => `/${path}`),
    host: fc.oneof(fc.constant("example.com"), text),
    headers: fc.array(fc.tuple(fc.oneof(fc.constantFrom("A", "B", "Host", "User-Agent"), text), text), {
      maxLength: 4,
    }),
    subprotocols: fc.array(text, { maxLength: 3 }),
  });

  test("there is an InvalidArgumentError, or a request with one blank line and each header once", () => {
    let requests = 0;
    let tries = 0;
    fc.assert(
      fc.property(offer, (given) => {
        tries++;
        let head: string;
        try {
          head = request(given);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
          return;
        }
        requests++;
        const has = (name: string): number =>
          given.headers.filter(([own]) => own.toLowerCase() === name).length;
        const added =
          4 + (has("host") ? 0 : 1) + (has("user-agent") ? 0 : 1) + (given.subprotocols.length > 0 ? 1 : 0);
        expect(head.match(/\r\n\r\n/g)).toHaveLength(1);
        expect(head.endsWith("\r\n\r\n")).toBe(true);
        expect(head.slice(0, -4).split(/[\r\n]+/)).toHaveLength(1 + added + given.headers.length);
        expect(head.slice(0, head.indexOf("\r")).split(" ")).toEqual(["GET", given.target, "HTTP/1.1"]);
      }),
      { numRuns: 2000 },
    );
    expect(requests).toBeGreaterThan(tries / 10);
  });
});
