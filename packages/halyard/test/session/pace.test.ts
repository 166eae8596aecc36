// SPDX-License-Identifier: Apache-2.0
import { beforeEach, expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { paced, turned } from "../../src/session/pace.ts";
import type { Output } from "../../src/session/transport.ts";
import { Deferred, done } from "../../src/session/waiting.ts";

/** As much of an output as is asked here: its turn comes when the test says so. */
function outputWith(turn: Deferred<void>): Output {
  return { turn: () => turn.promise } as Partial<Output> as Output;
}

const turn = new Deferred<void>();
const output = outputWith(turn);
const KiB = 1024;
const small = new Frame.Text("a");

/** How many of a frame may be sent before a turn is due. */
function untilTurn(frame: Frame): number {
  for (let sent = 0; ; sent++) if (paced(frame, output) !== done) return sent;
}

beforeEach(turned);

test.each([
  ["empty messages", new Frame.Binary(new Uint8Array(0)), 4095],
  ["small texts", small, 4095],
  ["pings", new Frame.Ping(new Uint8Array(4)), 4095],
  ["binary of 511 B", new Frame.Binary(new Uint8Array(511)), 4095],
  ["binary of 512 B", new Frame.Binary(new Uint8Array(512)), 2047],
  ["text of 64 Ki characters", new Frame.Text("a".repeat(64 * KiB)), 31],
  ["UTF-8 of 64 KiB", new Frame.Text(new Uint8Array(64 * KiB).fill(0x61)), 31],
  ["binary of 2 MiB", new Frame.Binary(new Uint8Array(2048 * KiB)), 0],
])("a turn is due after so many frames: %s", (_, frame, count) => {
  expect(untilTurn(frame)).toBe(count);
});

test("whatever is sent until the turn waits for it, and then the count begins again", async () => {
  const first = new Deferred<void>();
  untilTurn(small);
  expect(paced(small, outputWith(first))).toBe(first.promise);
  expect(paced(small, outputWith(first))).toBe(first.promise);
  first.resolve();
  await first.promise;
  expect(untilTurn(small)).toBe(4095);
});

test("a turn that never comes, as that of a request which was given up, holds up nobody else", async () => {
  untilTurn(small);
  const another = new Deferred<void>();
  expect(paced(small, outputWith(another))).toBe(another.promise);
  another.resolve();
  await another.promise;
  expect(paced(small, output)).toBe(done);
});
