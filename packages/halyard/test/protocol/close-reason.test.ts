// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { CloseReason, mayBeSent } from "../../src/protocol/close-reason.ts";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";

describe("CloseReason", () => {
  test.each([0, 999, 1000, 1005, 1006, 1015, 2999, 4999, 5000, 65535])(
    "holds the observed code %i",
    (code) => {
      expect(new CloseReason(code)).toMatchObject({ code, message: "" });
    },
  );

  test.each([-1, 65536, 1000.5, Number.NaN, Infinity, "1000" as never, undefined as never])(
    "refuses the code %s (CL-07)",
    (code) => {
      expect(() => new CloseReason(code)).toThrow(InvalidArgumentError);
    },
  );

  test.each([
    ["123 letters", "x".repeat(123)],
    ["41 characters of three bytes", "€".repeat(41)],
  ])("holds a message of %s (CL-02, RFC 6455 section 5.5)", (_, message) => {
    expect(new CloseReason(1000, message).message).toBe(message);
  });

  test.each([
    ["124 letters", "x".repeat(124)],
    ["42 characters of three bytes", "€".repeat(42)],
    ["a lone surrogate that takes three bytes", `${"x".repeat(121)}\ud800`],
    ["a typed array", new Uint8Array(3) as never],
    ["null", null as never],
    ["a number", 7 as never],
  ])("refuses as its message %s (CL-07)", (_, message) => {
    expect(() => new CloseReason(1000, message)).toThrow(InvalidArgumentError);
  });

  test("can be cut to what a Close frame holds, between characters", () => {
    expect(CloseReason.truncated(1002, `${"x".repeat(121)}€€`)).toEqual(
      new CloseReason(1002, "x".repeat(121)),
    );
    expect(CloseReason.truncated(1002, "short").message).toBe("short");
  });

  test.each(Object.entries(CloseReason.Codes))("knows %s as %i", (name, code) => {
    expect(new CloseReason(code).knownReason).toBe(name);
  });

  test("is written with the name of its code, or the code, and its message in quotes", () => {
    expect(String(new CloseReason(1001, 'so "long"'))).toBe('CloseReason(GOING_AWAY, "so \\"long\\"")');
    expect(new CloseReason(4000).knownReason).toBeNull();
    expect(String(new CloseReason(4000))).toBe('CloseReason(4000, "")');
  });
});

test("of all 16-bit codes those of RFC 6455 section 7.4 may be sent (CL-01, CL-02)", () => {
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  const forApplications = Array.from({ length: 2000 }, (_, at) => 3000 + at);
  const allowed = Array.from({ length: 65536 }, (_, code) => code).filter(mayBeSent);
  expect(allowed).toEqual([...registered, ...forApplications]);
});
