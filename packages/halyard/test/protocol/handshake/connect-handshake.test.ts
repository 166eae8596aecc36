// SPDX-License-Identifier: Apache-2.0
// The client's side of RFC 8441 section 5, without a connection.
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../../src/protocol/errors.ts";
import {
  ConnectHandshake,
  type ConnectHandshakeOptions,
  connectRequest,
} from "../../../src/protocol/handshake/connect-handshake.ts";
import { type Header, HeaderList } from "../../../src/protocol/handshake/header-list.ts";

const offer: ConnectHandshakeOptions = {
  scheme: "https",
  target: "/chat?a=b",
  host: "example.test",
  headers: [],
  subprotocols: [],
  extensions: [],
  url: "wss://example.test/chat?...",
};

function answered(
  status: number,
  headers: readonly Header[],
  options: Partial<ConnectHandshakeOptions> = {},
) {
  return new ConnectHandshake({ ...offer, ...options }).answered(status, new HeaderList(headers));
}

describe("the request", () => {
  test("begins with the pseudo-headers, and has the offers", () => {
    const extensions = [{ name: "x", params: [{ name: "p", value: "1" }] }];
    const headers: Header[] = [["X-A", "\tb "]];
    expect(connectRequest({ ...offer, subprotocols: ["a", "b"], extensions, headers })).toEqual([
      [":method", "CONNECT"],
      [":protocol", "websocket"],
      [":scheme", "https"],
      [":authority", "example.test"],
      [":path", "/chat?a=b"],
      ["sec-websocket-version", "13"],
      ["sec-websocket-protocol", "a, b"],
      ["sec-websocket-extensions", "x; p=1"],
      ["user-agent", "halyard"],
      ["x-a", "b"],
    ]);
  });

  test.each<[what: string, wrong: Partial<ConnectHandshakeOptions>]>([
    ["a line end in a value", { headers: [["X-A", "a\r\nb: c"]] }],
    ["a name that is no token", { headers: [[":path", "/"]] }],
    ["a header of the handshake", { headers: [["Sec-WebSocket-Version", "12"]] }],
    ["a header of HTTP/1.1", { headers: [["Keep-Alive", "1"]] }],
    [
      "two hosts",
      {
        headers: [
          ["Host", "a"],
          ["host", "b"],
        ],
      },
    ],
    ["a target that is no path", { target: "chat" }],
    ["a subprotocol that is no token", { subprotocols: ["a b"] }],
  ])("refuses %s (HS-19, HS-20)", (_, wrong) => {
    const run = (): unknown => connectRequest({ ...offer, ...wrong });
    expect(run).toThrow(InvalidArgumentError);
    expect(run).toThrow(expect.objectContaining({ url: offer.url }));
  });
});

describe("the answer", () => {
  test("200 agrees, whatever a Sec-WebSocket-Accept says", () => {
    const headers: Header[] = [
      ["sec-websocket-protocol", "b"],
      ["sec-websocket-accept", "anything"],
    ];
    expect(answered(200, headers, { subprotocols: ["a", "b"] })).toEqual({
      subprotocol: "b",
      extensions: [],
    });
  });

  test.each<[what: string, headers: readonly Header[], options: Partial<ConnectHandshakeOptions>]>([
    ["a subprotocol that was not offered", [["sec-websocket-protocol", "c"]], { subprotocols: ["a"] }],
    ["no subprotocol", [], { subprotocols: ["a"] }],
    ["an extension that was not offered", [["sec-websocket-extensions", "x"]], {}],
    ["malformed extensions", [["sec-websocket-extensions", "x;"]], {}],
    [
      "too many headers",
      [
        ["a", ""],
        ["b", ""],
      ],
      { limits: { maxHeaders: 1 } },
    ],
    ["too long a header", [["a", "bcd"]], { limits: { maxLineSize: 5 } }],
    ["too large a head", [["a", "bcd"]], { limits: { maxHeadSize: 7 } }],
  ])("with %s is an error", (_, headers, options) => {
    expect(() => answered(200, headers, options)).toThrow(
      expect.objectContaining({ code: "ERR_HALYARD_HANDSHAKE", status: 200 }),
    );
  });

  test.each([[{ maxHeaders: 1 }], [{ maxLineSize: 6 }], [{ maxHeadSize: 8 }]])(
    "exactly the limit %j passes",
    (limits) => {
      expect(answered(200, [["a", "bcd"]], { limits })).not.toBeNull();
    },
  );

  test("another status is a refusal, with 4 KiB of its body", () => {
    const handshake = new ConnectHandshake(offer);
    expect(handshake.answered(403, new HeaderList([["x-why", "because"]]))).toBeNull();
    expect(handshake.refused).toBe(true);
    handshake.receive(new Uint8Array(5_000).fill(97));
    expect(handshake.bodyComplete).toBe(true);
    expect(handshake.refusal()).toMatchObject({ status: 403, body: "a".repeat(4_096), url: offer.url });
    expect(handshake.ended("the stream ended")).toMatchObject({ status: 403 });
  });

  test("until a refusal has come there is no body, and no error of it", () => {
    const handshake = new ConnectHandshake(offer);
    handshake.receive(new Uint8Array(5_000));
    expect(handshake.bodyComplete).toBe(false);
    expect(() => handshake.refusal()).toThrow(new TypeError("the handshake was not refused"));
  });

  test("interim ones are skipped, up to the limit", () => {
    const handshake = new ConnectHandshake({ ...offer, limits: { maxInterimResponses: 2 } });
    for (let count = 0; count < 2; count++) expect(handshake.answered(103, new HeaderList())).toBeNull();
    expect(handshake.refused).toBe(false);
    expect(() => handshake.answered(103, new HeaderList())).toThrow(/interim/);
  });

  test("that never comes is an error that says how it ended", () => {
    const error = new ConnectHandshake(offer).ended("the stream was reset");
    expect(error.message).toMatch(/reset before the server answered/);
    expect(error.url).toBe(offer.url);
  });
});
