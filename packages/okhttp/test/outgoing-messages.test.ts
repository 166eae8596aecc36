// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "halyard";
import { expect, test } from "vitest";
import { checkSize, OutgoingMessages } from "../src/outgoing-messages.ts";

const kibi = 1024;

/** Messages by their sizes in KiB, and which of them OkHttp was given. */
function outgoing(...sizes: number[]) {
  const given: number[] = [];
  const messages = new OutgoingMessages();
  for (const size of sizes) messages.add(size * kibi, () => given.push(size));
  return { messages, given };
}

test("OkHttp is given a window, and more as it writes, in order", () => {
  const { messages, given } = outgoing(600, 400, 100, 0);
  expect(given).toEqual([600, 400]);
  expect(messages.bufferedAmount).toBe(1100 * kibi);
  messages.written(500 * kibi);
  expect(given).toEqual([600, 400, 100, 0]);
  expect(messages.bufferedAmount).toBe(600 * kibi);
});

test("a message larger than the window goes alone", () => {
  const { messages, given } = outgoing(1, 2048, 1);
  expect(given).toEqual([1]);
  messages.written(1 * kibi);
  expect(given).toEqual([1, 2048]);
  messages.written(2047 * kibi);
  expect(given).toEqual([1, 2048, 1]);
});

test("nothing is given once it is dropped", () => {
  const { messages, given } = outgoing(1024, 1);
  messages.drop();
  messages.written(1024 * kibi);
  expect(given).toEqual([1024]);
});

test("what OkHttp could not hold is refused", () => {
  checkSize(16 * kibi * kibi);
  expect(() => checkSize(16 * kibi * kibi + 1)).toThrow(InvalidArgumentError);
});
