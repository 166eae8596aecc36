// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { CloseReason } from "../../src/protocol/close-reason.ts";
import { ClosingHandshake } from "../../src/protocol/closing-handshake.ts";
import { ProtocolViolationError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";

type Step = "sent" | "received" | "failed";

const error = new ProtocolViolationError("a fault", 1002);
const sent = new Frame.Close(new CloseReason(1000));
const received = new Frame.Close(new CloseReason(1001, "bye"));

function after(steps: readonly Step[]): ClosingHandshake {
  const closing = new ClosingHandshake();
  for (const step of steps) {
    if (step === "sent") closing.closeSent(sent);
    else if (step === "received") closing.closeReceived(received);
    else closing.failed(error);
  }
  return closing;
}

test.each<[string, Step[], string]>([
  ["nothing happened", [], "canSend canReceive"],
  ["our Close frame", ["sent"], "canReceive by local"],
  ["the peer's Close frame", ["received"], "canSend by peer"],
  ["ours and the peer's answer (RFC 6455 section 7.1.4)", ["sent", "received"], "isComplete by local"],
  ["the peer's and our answer", ["received", "sent"], "isComplete by peer"],
  ["a fault before any Close frame (RFC 6455 section 7.1.7)", ["failed"], "by local"],
  ["a fault, told to the peer", ["sent", "failed"], "by local"],
  ["a fault behind the peer's Close frame", ["received", "failed"], "by peer"],
])("after %s", (_, steps, expected) => {
  const closing = after(steps);
  const { initiator } = closing;
  const facts = (["canSend", "canReceive", "isComplete"] as const).filter((name) => closing[name]);
  expect([...facts, ...(initiator === null ? [] : [`by ${initiator}`])].join(" ")).toBe(expected);
});

test("it keeps what was sent, received and wrong", () => {
  expect(after(["sent", "received", "failed"])).toMatchObject({ sent, received, failure: error });
});

test("the peer's reason is that of its Close frame, null when that is empty or did not come", () => {
  expect(after([]).peerReason).toBeNull();
  expect(after(["received"]).peerReason).toEqual(new CloseReason(1001, "bye"));
  const closing = new ClosingHandshake();
  closing.closeReceived(new Frame.Close());
  expect(closing.peerReason).toBeNull();
});
