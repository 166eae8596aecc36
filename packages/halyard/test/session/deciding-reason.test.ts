// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { CloseReason } from "../../src/protocol/close-reason.ts";
import { ClosingHandshake } from "../../src/protocol/closing-handshake.ts";
import { ProtocolViolationError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { decidingReason } from "../../src/session/deciding-reason.ts";

const ours = new CloseReason(4000);
const sent = new Frame.Close(new CloseReason(1002));
const received = new Frame.Close(new CloseReason(4001));
const fault = new ProtocolViolationError("a fault", 1002);

test.each<[string, CloseReason | null, (closing: ClosingHandshake) => void, number]>([
  ["ours, whatever came", ours, (closing) => closing.closeReceived(received), 4000],
  ["the peer's", null, (closing) => closing.closeReceived(received), 4001],
  ["1005 for an empty one", null, (closing) => closing.closeReceived(new Frame.Close()), 1005],
  ["what we failed with", null, (closing) => (closing.closeSent(sent), closing.failed(fault)), 1002],
  ["1006 for a failure that was not told", null, (closing) => closing.failed(fault), 1006],
  ["1006 where a frame of ours is no failure", null, (closing) => closing.closeSent(sent), 1006],
  ["1006 for nothing at all", null, () => undefined, 1006],
])("the reason that decides is %s", (_, given, act, code) => {
  const closing = new ClosingHandshake();
  act(closing);
  expect(decidingReason(given, closing, "lost").code).toBe(code);
});
