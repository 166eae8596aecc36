// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  FrameTooBigError,
  HalyardError,
  HandshakeError,
  InvalidArgumentError,
  ProtocolViolationError,
} from "../../src/protocol/errors.ts";

describe.each([
  [InvalidArgumentError, new InvalidArgumentError("wrong"), "ERR_HALYARD_INVALID_ARGUMENT", undefined],
  [
    ProtocolViolationError,
    new ProtocolViolationError("wrong", 1002),
    "ERR_HALYARD_PROTOCOL_VIOLATION",
    "open",
  ],
  [FrameTooBigError, new FrameTooBigError("maxFrameSize", 2, 1), "ERR_HALYARD_FRAME_TOO_BIG", "open"],
  [HandshakeError, new HandshakeError("wrong"), "ERR_HALYARD_HANDSHAKE", "upgrade"],
])("%o", ({ name }, error, code, phase) => {
  test("has the name of its class, its code and its phase", () => {
    expect(error).toMatchObject({ name, code, phase, url: undefined });
    expect("cause" in error).toBe(false);
    expect(error.stack).toContain(name);
  });

  test("is known as a HalyardError, also to another copy of the library", () => {
    expect(error).toBeInstanceOf(HalyardError);
    expect(HalyardError.is(error)).toBe(true);
    expect(Symbol.for("halyard.error") in error).toBe(true);
  });
});

test.each([[new Error("other")], [null], [undefined], ["text"], [{}]])("%o is no HalyardError", (value) => {
  expect(HalyardError.is(value)).toBe(false);
});

test("an error has the context it was made with", () => {
  const cause = new Error("below");
  const context = { phase: "closing", url: "ws://example.com/", cause } as const;
  expect(new ProtocolViolationError("wrong", 1007, context)).toMatchObject({ ...context, closeCode: 1007 });
  expect(new HandshakeError("wrong", { ...context, status: 404, body: "none" })).toMatchObject({
    ...context,
    status: 404,
    body: "none",
  });
});

test.each([
  ["maxFrameSize", "the peer's frame reaches 2, and maxFrameSize is 1"],
  ["maxMessageSize", "the peer's message reaches 2, and maxMessageSize is 1"],
  ["maxFragments", "the peer's message reaches 2, and maxFragments is 1"],
] as const)("a FrameTooBigError tells of %s", (limitName, message) => {
  const error = new FrameTooBigError(limitName, 2, 1);
  expect(error).toMatchObject({ message, limitName, size: 2, limit: 1, closeCode: 1009 });
});
