// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { printable, safeHeader } from "../../src/session/safe-text.ts";

test.each([
  ["Authorization", "Basic cm9vdDpyb290", "***"],
  ["Set-Cookie", "id=1", "***"],
  ["X-Api-Key", "1", "***"],
  ["Sec-WebSocket-Protocol", "ticket", "***"],
  ["X-Sec-WebSocket-Protocol-Hint", "chat", "chat"],
  ["Server", "nginx", "nginx"],
  ["Location", "https://ann:secret@example.org/a?ticket", "https://example.org/a?..."],
  ["Location", "/a?ticket", "/a?..."],
  ["Location", "a/b", "/a/b"],
  ["Location", "//example.org/a", "//example.org/a"],
  ["Location", "http://a/relative:b", "http://a/relative:b"],
  ["Referer", "http://[", "***"],
  ["Link", "/a\u202eb", "/a%E2%80%AEb"],
  ["X-Location", "/a?b", "/a?b"],
])("of the header %s, %s, people see %s", (name, value, shown) => {
  expect(safeHeader(name, value)).toBe(shown);
});

test.each([
  ["plain", "plain"],
  ["a\r\nb\u001b[31m", "a\\u{d}\\u{a}b\\u{1b}[31m"],
  ["\u202e\u2028\u2029\u200b", "\\u{202e}\\u{2028}\\u{2029}\\u{200b}"],
  ["\ud800", "\\u{d800}"],
  ["é😀", "é😀"],
  ["x".repeat(256), "x".repeat(256)],
  ["x".repeat(257), `${"x".repeat(256)}...`],
])("%j is printed as %s", (text, shown) => {
  expect(printable(text)).toBe(shown);
});
