// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { checkAnswer, headersOf } from "../src/answer.ts";
import { openingError } from "../src/failure.ts";

const url = "ws://a/";

function refused(...fields: readonly string[]): void {
  const answer = { status: 101, headers: fields, offersDeflate: true };
  expect(() => checkAnswer(answer, url)).toThrow(expect.objectContaining({ code: "ERR_HALYARD_HANDSHAKE" }));
}

describe("OkHttp takes for an answer, and the engine does not,", () => {
  test.each([
    ["a name that is none", "a b", "c"],
    ["a line without a colon", "", "bogus"],
    ["NUL in a value", "A", "b\0c"],
    ["a control character in a value", "A", "b\x01c"],
    ["CR in a value", "A", "b\rc"],
    ["LF in a value", "A", "b\nc"],
  ])("%s", (_, name, value) => refused("Upgrade", "websocket", name, value));

  test.each(["Upgrade", "Sec-WebSocket-Accept"])("%s twice", (name) =>
    refused(name, "x", "A", "b", name, "x"),
  );

  test.each([
    'permessage-deflate; server_max_window_bits="10',
    'permessage-deflate; server_max_window_bits=10"',
    "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    "permessage-deflate; server_no_context_takeover; Server_No_Context_Takeover",
  ])("the extension %s", (extension) => refused("Sec-WebSocket-Extensions", extension));
});

test.each([
  "permessage-deflate",
  "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
  'permessage-deflate; server_max_window_bits="10"; server_no_context_takeover',
])("the extension %s is taken", (extension) => {
  const headers = ["Upgrade", "websocket", "X", "é\t", "Sec-WebSocket-Extensions", extension];
  expect(() => checkAnswer({ status: 101, headers, offersDeflate: true }, url)).not.toThrow();
});

test("a field may be as long as OkHttp takes it", () => {
  expect(headersOf(["A", "ü".repeat(130_000)]).get("A")).toHaveLength(260_000);
});

test("a refusal has those of its headers that are some", () => {
  const headers = ["", "bogus", "a b", "c", "A", "b\0", "B", "ü", "B", "d"];
  const error = openingError({ classes: [], message: "", status: 403, headers, body: "" }, url);
  expect(error).toMatchObject({ code: "ERR_HALYARD_HANDSHAKE", status: 403 });
  expect([...headersOf(headers)]).toEqual([["b", "\xc3\xbc, d"]]);
});
