// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, test } from "vitest";
import { handshakeError, quote } from "../../../src/protocol/handshake/failure.ts";

test("quoted text is printable ASCII on one line and of bounded length (LG-02)", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      expect(quote(text)).toMatch(/^"[ -~]{0,483}"$/);
    }),
  );
});

test.each([
  ["plain", '"plain"'],
  ['a "b" \\', '"a \\"b\\" \\\\"'],
  ["\r\n\x1b[31m\x7f\x9b\u202e", '"\\r\\n\\u001b[31m\\u007f\\u009b\\u202e"'],
  ["a".repeat(80), `"${"a".repeat(80)}"`],
  ["a".repeat(81), `"${"a".repeat(80)}..."`],
])("%j is quoted as %s", (text, quoted) => {
  expect(quote(text)).toBe(quoted);
});

test("a handshake error says with whom and why, and carries its context", () => {
  const error = handshakeError("the reason", { url: "ws://example.com/", status: 400 });
  expect(error.message).toBe("handshake with ws://example.com/ failed: the reason");
  expect(error).toMatchObject({ url: "ws://example.com/", status: 400, phase: "upgrade" });
  expect(handshakeError("the reason", { phase: "connect" })).toMatchObject({
    message: "handshake failed: the reason",
    phase: "connect",
  });
});
