// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../../src/protocol/errors.ts";
import { parseExtensions } from "../../../src/protocol/handshake/header-grammar.ts";
import { type Header, HeaderList } from "../../../src/protocol/handshake/header-list.ts";
import {
  type AcceptedHandshake,
  checkRequest,
  formatAcceptance,
  formatRefusal,
  type HandshakeRequest,
  type ServerHandshakeOptions,
} from "../../../src/protocol/handshake/server-handshake.ts";
import { ACCEPT, AGREEMENT, clientHandshake, fromLatin1, KEY } from "./support.ts";

const HEADERS: readonly Header[] = [
  ["Host", "example.com"],
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Key", KEY],
  ["Sec-WebSocket-Version", "13"],
];

function request(
  headers: readonly Header[] = HEADERS,
  line: Partial<HandshakeRequest> = {},
): HandshakeRequest {
  return { method: "GET", httpVersion: "1.1", target: "/chat", headers: new HeaderList(headers), ...line };
}

function replacing(name: string, ...values: readonly string[]): HandshakeRequest {
  const others = HEADERS.filter((header) => header[0] !== name);
  return request([...others, ...values.map((value) => [name, value] as const)]);
}

function withHeaders(...headers: readonly Header[]): HandshakeRequest {
  return request([...HEADERS, ...headers]);
}

function accepted(handshake: HandshakeRequest, options?: ServerHandshakeOptions): AcceptedHandshake {
  const result = checkRequest(handshake, options);
  if (!result.accepted) throw new Error(result.message);
  return result;
}

describe("a request that is accepted", () => {
  test("gives the key and the headers of the answer (RFC 6455 section 4.2.2)", () => {
    expect(checkRequest(request())).toEqual({
      accepted: true,
      key: KEY,
      subprotocol: "",
      extensionsOffered: [],
      headers: [
        ["Upgrade", "websocket"],
        ["Connection", "Upgrade"],
        ["Sec-WebSocket-Accept", ACCEPT],
      ],
    });
  });

  test.each([
    ["HTTP/1.2", request(HEADERS, { httpVersion: "1.2" })],
    ["an absolute target", request(HEADERS, { target: "ws://example.com/chat" })],
    ["a Connection that lists other options", replacing("Connection", "keep-alive, UPGRADE")],
    ["an Upgrade that lists other protocols", replacing("Upgrade", "h2c, WebSocket")],
    ["an Upgrade in two fields", replacing("Upgrade", "h2c", "websocket")],
    ["Content-Length: 0", withHeaders(["Content-Length", "0"])],
  ])("may have %s", (_, handshake) => {
    expect(checkRequest(handshake).accepted).toBe(true);
  });

  test.each([
    ["the server's first that the client offers", ["b", "a"], ["a, b, c"], "b"],
    ["one of several fields", ["b"], ["a", "b"], "b"],
    ["none when they have none in common", ["x", "constructor"], ["a"], ""],
    ["none when the client offers none", ["a"], [], ""],
    ["none when the server speaks none", [], ["a"], ""],
    ["none by a difference in case", ["A"], ["a"], ""],
  ])("gets as subprotocol %s", (_, subprotocols, offered, chosen) => {
    const headers = offered.map((value) => ["Sec-WebSocket-Protocol", value] as const);
    const result = accepted(withHeaders(...headers), { subprotocols });
    expect(result.subprotocol).toBe(chosen);
    expect(new HeaderList(result.headers).get("Sec-WebSocket-Protocol")).toEqual(
      chosen === "" ? [] : [chosen],
    );
  });

  test("tells the extensions that all its fields offer, in order", () => {
    const result = accepted(
      withHeaders(["Sec-WebSocket-Extensions", "a; b=c"], ["sec-websocket-extensions", "d, a"]),
    );
    expect(result.extensionsOffered).toEqual(parseExtensions("a; b=c, d, a"));
  });
});

describe("a request is refused (SV-03, RFC 6455 section 4.2.1)", () => {
  test.each([
    ["HTTP/1.0", 505, request(HEADERS, { httpVersion: "1.0" })],
    ["HTTP/2", 505, request(HEADERS, { httpVersion: "2.0" })],
    ["HTTP/1.10", 505, request(HEADERS, { httpVersion: "1.10" })],
    ["HTTP/11.1", 505, request(HEADERS, { httpVersion: "11.1" })],
    ["another method", 405, request(HEADERS, { method: "POST" })],
    ["a method in lower case", 405, request(HEADERS, { method: "get" })],
    ["the target *", 400, request(HEADERS, { target: "*" })],
    ["a space in the target", 400, request(HEADERS, { target: "/a b" })],
    ["no Host", 400, replacing("Host")],
    ["two Host", 400, replacing("Host", "example.com", "example.com")],
    ["an empty Host", 400, replacing("Host", "")],
    ["a bad Host", 400, replacing("Host", "a@b")],
    ["no Upgrade", 426, replacing("Upgrade")],
    ["another Upgrade", 426, replacing("Upgrade", "websockets")],
    ["no Connection", 400, replacing("Connection")],
    ["another Connection", 400, replacing("Connection", "keep-alive")],
    ["content", 400, withHeaders(["Content-Length", "3"])],
    ["chunks", 400, withHeaders(["Transfer-Encoding", "chunked"])],
    ["no version", 400, replacing("Sec-WebSocket-Version")],
    ["two versions", 400, replacing("Sec-WebSocket-Version", "13", "13")],
    ["version 8", 426, replacing("Sec-WebSocket-Version", "8")],
    ["version 013", 426, replacing("Sec-WebSocket-Version", "013")],
    ["no key", 400, replacing("Sec-WebSocket-Key")],
    ["two keys", 400, replacing("Sec-WebSocket-Key", KEY, KEY)],
    ["a short key", 400, replacing("Sec-WebSocket-Key", "YWJj")],
    ["an empty subprotocol", 400, withHeaders(["Sec-WebSocket-Protocol", ""])],
    ["a bad subprotocol", 400, withHeaders(["Sec-WebSocket-Protocol", "a b"])],
    [
      "a subprotocol twice",
      400,
      withHeaders(["Sec-WebSocket-Protocol", "a"], ["Sec-WebSocket-Protocol", "a"]),
    ],
    ["a bad extension", 400, withHeaders(["Sec-WebSocket-Extensions", "a b"])],
    ["an empty extension", 400, withHeaders(["Sec-WebSocket-Extensions", ""])],
  ])("for %s with %i", (_, status, handshake) => {
    expect(checkRequest(handshake)).toMatchObject({ accepted: false, status });
  });

  test("for its method with what is allowed, for its version with 13, for no upgrade with its protocol", () => {
    const upgrade = [
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
    ];
    expect(checkRequest(request(HEADERS, { method: "POST" }))).toMatchObject({ headers: [["Allow", "GET"]] });
    expect(checkRequest(replacing("Upgrade"))).toMatchObject({ headers: upgrade });
    expect(checkRequest(replacing("Host"))).toMatchObject({ headers: [] });
    expect(checkRequest(replacing("Sec-WebSocket-Version", "\x1b8"))).toMatchObject({
      message: 'Sec-WebSocket-Version "\\u001b8" is not supported, but 13 is',
      headers: [...upgrade, ["Sec-WebSocket-Version", "13"]],
    });
  });

  test("or accepted, but never throws, whatever its headers are", () => {
    const name = fc.constantFrom(
      ...HEADERS.map((header) => header[0]),
      "Sec-WebSocket-Protocol",
      "Sec-WebSocket-Extensions",
    );
    const value = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom("websocket", "Upgrade", "13", KEY, "a;b="),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 4 }), fc.boolean(), (headers, valid) => {
        const handshake = valid ? withHeaders(...headers) : request(headers);
        expect(typeof checkRequest(handshake).accepted).toBe("boolean");
      }),
    );
  });
});

describe("the 101 answer", () => {
  test("is written with extensions and extra headers, and the client agrees to it", () => {
    const extensions = parseExtensions("x; y=1");
    const handshake = accepted(withHeaders(["Sec-WebSocket-Protocol", "a, b"]), { subprotocols: ["b"] });
    const bytes = formatAcceptance(handshake, extensions, [["Set-Cookie", "a=1"]]);
    expect(fromLatin1(bytes)).toBe(
      [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${ACCEPT}`,
        "Sec-WebSocket-Protocol: b",
        "Sec-WebSocket-Extensions: x; y=1",
        "Set-Cookie: a=1",
        "",
        "",
      ].join("\r\n"),
    );
    const client = clientHandshake({ subprotocols: ["a", "b"], extensions: parseExtensions("x") });
    expect(client.receive(bytes)).toMatchObject({ subprotocol: "b", extensions });
  });

  test.each([
    ["Set-Cookie", "a=1\r\nX: y"],
    ["a b", "c"],
    ["Connection", "close"],
    ["sec-websocket-protocol", "a"],
    ["Content-Length", "5"],
    ["X", "\u0100"],
  ])("refuses the extra header %j: %j (SV-10)", (name, value) => {
    expect(() => formatAcceptance(accepted(request()), [], [[name, value]])).toThrow(InvalidArgumentError);
  });

  test("needs no extras", () => {
    const bytes = formatAcceptance(accepted(request()));
    expect(clientHandshake().receive(bytes)).not.toBeNull();
    expect(fromLatin1(bytes).split("\r\n")).toHaveLength(1 + AGREEMENT.length + 2);
  });
});

describe("a refusal", () => {
  test("is written with its text and closes the connection", () => {
    const bytes = formatRefusal({ status: 405, message: "only GET, café", headers: [["Allow", "GET"]] });
    expect(Buffer.from(bytes).toString("utf8")).toBe(
      [
        "HTTP/1.1 405 Method Not Allowed",
        "Connection: close",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Length: 16",
        "Allow: GET",
        "",
        "only GET, café\n",
      ].join("\r\n"),
    );
  });

  test("may have a status without a known reason", () => {
    expect(fromLatin1(formatRefusal({ status: 418, message: "", headers: [] }))).toMatch(
      /^HTTP\/1\.1 418 \r\n/,
    );
  });

  test("is what the client reports", () => {
    const refusal = checkRequest(replacing("Sec-WebSocket-Version", "8"));
    if (refusal.accepted) throw new Error("version 8 was accepted");
    const client = clientHandshake();
    client.receive(formatRefusal(refusal));
    expect(client.bodyComplete).toBe(true);
    expect(client.refusal()).toMatchObject({ status: 426, body: `${refusal.message}\n` });
    expect(client.refusal().headers?.get("connection")).toBe("close, Upgrade");
  });

  test("cannot carry a second header in the value of one (SV-10)", () => {
    const headers: Header[] = [["WWW-Authenticate", "Basic\r\nX: y"]];
    expect(() => formatRefusal({ status: 401, message: "", headers })).toThrow(InvalidArgumentError);
  });
});
