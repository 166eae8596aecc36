// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { bounded, type ChannelOverflow, unlimited } from "../../src/session/bounds.ts";

test("without a number of messages it is 65,536; bytes are unbounded, and a full channel suspends", () => {
  expect(bounded({})).toEqual({ messages: 65_536, bytes: Infinity, onOverflow: "suspend" });
  expect(bounded({ messages: 1 })).toEqual({ messages: 1, bytes: Infinity, onOverflow: "suspend" });
  expect(bounded({ messages: Infinity }).messages).toBe(Infinity);
  expect(bounded({ bytes: 2, onOverflow: "close" })).toEqual({
    messages: 65_536,
    bytes: 2,
    onOverflow: "close",
  });
});

test("unlimited has no bound", () => {
  expect(unlimited()).toEqual({ messages: Infinity, bytes: Infinity, onOverflow: "suspend" });
});

test.each([0, -1, 1.5, Number.NaN])("a bound of %s is refused", (value) => {
  expect(() => bounded({ messages: value })).toThrow(InvalidArgumentError);
  expect(() => bounded({ bytes: value })).toThrow(
    `bytes must be a positive integer or Infinity, not ${value}`,
  );
});

test("an overflow that does not exist is refused", () => {
  const onOverflow = "drop" as ChannelOverflow;
  expect(() => bounded({ onOverflow })).toThrow('onOverflow must be "suspend" or "close", not "drop"');
});
