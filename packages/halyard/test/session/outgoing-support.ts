// SPDX-License-Identifier: Apache-2.0
import { Frame } from "../../src/protocol/frame.ts";
import { bounded, unlimited } from "../../src/session/bounds.ts";
import { Outgoing } from "../../src/session/outgoing.ts";
import type { Deferred } from "../../src/session/waiting.ts";
import { Peer, PipeTransport, show } from "./pipe-transport.ts";
import { turn } from "./support.ts";

/** A frame of five bytes on a server's wire, two of header and three of payload. */
export const small = (name: string) => new Frame.Text(name.padEnd(3, "."));

/** @param ending - when the session learns what ended it; without it, as soon as it is asked */
export function outgoing(bounds = unlimited(), ending?: Deferred<void>) {
  const transport = new PipeTransport("server", "default");
  const peer = new Peer(transport, false);
  const calls: string[] = [];
  const lost = new Error("the connection is lost");
  const queue: Outgoing = new Outgoing(transport, bounds, {
    beginClose: (frame) => {
      calls.push(show(frame));
      queue.finish(frame);
    },
    overflowed: (error) => {
      calls.push("overflowed");
      queue.fail(error);
    },
    unfinished: (error) => {
      calls.push("unfinished");
      queue.fail(error);
    },
    lost: () => {
      calls.push("lost");
      if (ending === undefined) queue.fail(lost);
      return ending?.promise ?? Promise.resolve();
    },
  });
  return { queue, transport, peer, calls, lost };
}

/** A queue that is full with one frame, "a", which the peer does not read. */
export async function full(bounds = bounded({ messages: 1 })) {
  const parts = outgoing(bounds);
  parts.transport.hold();
  await parts.queue.send(small("a"));
  await turn();
  return parts;
}
