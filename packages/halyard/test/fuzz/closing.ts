// SPDX-License-Identifier: Apache-2.0
import { Connection } from "../../src/protocol/connection.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { MaskingKeys } from "../../src/protocol/masking.ts";
import { type FuzzTarget, same } from "./target.ts";

class End {
  readonly connection: Connection;
  /** What is on its way here. */
  way: Uint8Array = new Uint8Array(0);
  sent = 0;
  received = 0;

  constructor(role: "client" | "server") {
    this.connection = new Connection({
      role,
      keys: new MaskingKeys((target) => target.fill(0x5a)),
      limits: { maxFrameSize: 1000, maxMessageSize: 1000, maxFragments: 10 },
    });
  }

  send(frame: Frame): void {
    if (this.connection.send(frame) && frame.type === "text") this.sent++;
  }

  /** Lets bytes arrive, and reads them. */
  arrive(count: number): void {
    this.connection.receive(Uint8Array.from(this.way.subarray(0, count)));
    this.way = this.way.subarray(count);
    for (let steps = 0; steps < 1000; steps++) {
      this.received += this.connection.take().filter(({ type }) => type === "text").length;
      if (!this.connection.hasInput) return;
    }
    throw new Error("it does not come to an end");
  }

  flushTo(peer: End): void {
    peer.way = Buffer.concat([peer.way, ...this.connection.takeOutput()]);
  }
}

/** Two ends do what the bytes say, and then all that is on its way arrives. */
export const closing: FuzzTarget = {
  words: [Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(2, 3), Uint8Array.of(4, 5), Uint8Array.of(6, 7)],
  run(input) {
    const ends = [new End("client"), new End("server")] as const;
    for (const byte of input.subarray(0, 200)) {
      const [self, peer] = (byte & 1) === 0 ? ends : [ends[1], ends[0]];
      const argument = byte >> 4;
      const action = (byte >> 1) & 7;
      if (action === 0) self.send(new Frame.Text("x"));
      else if (action === 1)
        self.send(new Frame.Close(argument === 0 ? undefined : { code: 3000 + argument }));
      else if (action === 2) self.flushTo(peer);
      else if (action === 3) self.arrive(argument);
      else if (action === 4) self.arrive(self.way.length);
      else self.send(new Frame.Ping());
    }
    for (let round = 0; round < 4; round++) {
      ends[0].flushTo(ends[1]);
      ends[1].flushTo(ends[0]);
      for (const end of ends) end.arrive(end.way.length);
    }
    for (const [self, peer] of [ends, [ends[1], ends[0]] as const]) judge(self, peer);
  },
};

function judge(self: End, peer: End): void {
  const { closing: ours, hasInput, hasOutput } = self.connection;
  const theirs = peer.connection.closing;
  if (ours.failure !== null) throw ours.failure;
  if (hasInput || hasOutput) throw new Error("something is left to do");
  same("one Close frame is answered by another", ours.sent === null, ours.received === null);
  same("the reason arrives", ours.sent?.readReason() ?? null, theirs.received?.readReason() ?? null);
  same("messages arrive", peer.received, self.sent);
  same("who may send", ours.canSend, ours.sent === null);
  if (ours.initiator === "peer" && theirs.initiator === "peer") throw new Error("nobody began");
}
