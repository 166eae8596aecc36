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
  const { messages, given } = outgoing(2600, 1400, 100, 0);
  expect(given).toEqual([2600, 1400]);
  expect(messages.bufferedAmount).toBe(4100 * kibi);
  messages.written(1000 * kibi);
  expect(given).toEqual([2600, 1400, 100, 0]);
  expect(messages.bufferedAmount).toBe(3100 * kibi);
});

test("a message larger than the window goes alone", () => {
  const { messages, given } = outgoing(1, 8192, 1);
  expect(given).toEqual([1]);
  messages.written(1 * kibi);
  expect(given).toEqual([1, 8192]);
  messages.written(8191 * kibi);
  expect(given).toEqual([1, 8192, 1]);
});

test("nothing is given once it is dropped", () => {
  const { messages, given } = outgoing(4096, 1);
  messages.drop();
  messages.written(4096 * kibi);
  expect(given).toEqual([4096]);
});

test("what OkHttp could not hold is refused", () => {
  checkSize(16 * kibi * kibi);
  expect(() => checkSize(16 * kibi * kibi + 1)).toThrow(InvalidArgumentError);
});
