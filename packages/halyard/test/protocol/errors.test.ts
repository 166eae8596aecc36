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
  [InvalidArgumentError, () => new InvalidArgumentError("wrong"), "INVALID_ARGUMENT", undefined],
  [ProtocolViolationError, () => new ProtocolViolationError("wrong", 1002), "PROTOCOL_VIOLATION", "open"],
  [FrameTooBigError, () => new FrameTooBigError("maxFrameSize", 2, 1), "FRAME_TOO_BIG", "open"],
  [HandshakeError, () => new HandshakeError("wrong"), "HANDSHAKE", "upgrade"],
])("%o", ({ name }, make, code, phase) => {
  test("has the name of its class, its code and its phase", () => {
    const error = make();
    expect(error).toMatchObject({ name, code: `ERR_HALYARD_${code}`, phase, url: undefined });
    expect("cause" in error).toBe(false);
    expect(error.stack).toContain(name);
  });

  test("is known as a HalyardError, also to another copy of the library", () => {
    const error = make();
    expect(error).toBeInstanceOf(HalyardError);
    expect(HalyardError.is(error)).toBe(true);
    expect(Symbol.for("halyard.error") in error).toBe(true);
  });

  test("is told later where it happened, and how long it took, but keeps the URL it knows", () => {
    const error = make();
    expect(error.locate({ phase: "closing", url: "ws://a/" })).toBe(error);
    expect(error.locate({ phase: "tls", url: "ws://b/" })).toMatchObject({ phase: "tls", url: "ws://a/" });
    const timings = { dns: 1 };
    error.timed(timings);
    expect(error.timings).toBe(timings);
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
  const headers = new Headers({ "x-why": "because" });
  expect(new HandshakeError("wrong", { headers }).headers).toBe(headers);
});

test.each([
  ["maxFrameSize", "the peer's frame reaches 2, and maxFrameSize is 1"],
  ["maxMessageSize", "the peer's message reaches 2, and maxMessageSize is 1"],
  ["maxFragments", "the peer's message reaches 2, and maxFragments is 1"],
] as const)("a FrameTooBigError tells of %s", (limitName, message) => {
  const error = new FrameTooBigError(limitName, 2, 1);
  expect(error).toMatchObject({ message, limitName, size: 2, limit: 1, closeCode: 1009 });
});
