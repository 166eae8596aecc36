// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import type { Header } from "../../src/protocol/handshake/header-list.ts";
import { RequestHead, ResponseHead } from "../../src/session/handshake-call.ts";

test.each<[string, Header[], Header[]]>([
  ["no fields", [], []],
  ["a value with colons", [["a", "b: c:d"]], [["a", "b: c:d"]]],
  ["an empty value", [["a", ""]], [["a", ""]]],
  ["a value in Latin-1", [["a", "\xfc"]], [["a", "\xfc"]]],
  [
    "a name that comes twice",
    [
      ["a", "1"],
      ["B", "2"],
      ["A", "3"],
    ],
    [
      ["a", "1, 3"],
      ["b", "2"],
    ],
  ],
])("a head keeps %s", (_, fields, headers) => {
  const head = new ResponseHead(101, fields);
  expect([...head.headers]).toEqual(headers);
  expect(head.status).toBe(101);
});

test("headers and URL are the same objects each time", () => {
  const head = new RequestHead("ws://h/?a=b", [["a", "b"]]);
  expect(head.headers).toBe(head.headers);
  expect(head.url).toBe(head.url);
  expect(head.url.href).toBe("ws://h/?a=b");
});
