// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { Channel } from "../../src/session/channel.ts";
import { Receiving, type ReceivingOwner } from "../../src/session/receiving.ts";
import { PipeTransport } from "./pipe-transport.ts";
import { turn } from "./support.ts";

const frames = ["one", "two", "bad"].map((text) => new Frame.Text(text));

test.each([
  ["at once", 10],
  ["behind a wait for room", 1],
])("what a session throws about a frame ends receiving, %s", async (_, messages) => {
  const fault = new Error("of the session");
  const ends: unknown[] = [];
  const owner: ReceivingOwner = {
    consume(frame) {
      if (frame === frames[2]) throw fault;
      return false;
    },
    closeReceived: () => undefined,
    readingPaused: () => undefined,
    incomingOverflowed: () => undefined,
    receivingEnded: (error) => ends.push(error),
  };
  const channel = new Channel<Frame>(bounded({ messages }), (frame) => frame.size);
  const receiving = new Receiving(new PipeTransport("client", "default"), channel, owner);
  receiving.received(frames);
  await turn();
  while (channel.tryReceive() !== undefined) await turn();
  expect(ends).toEqual([fault]);
});
