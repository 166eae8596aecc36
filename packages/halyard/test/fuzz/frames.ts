// SPDX-License-Identifier: Apache-2.0
import { Connection } from "../../src/protocol/connection.ts";
import { MaskingKeys } from "../../src/protocol/masking.ts";
import type { Random } from "../support/random.ts";
import { type FuzzTarget, same, splits } from "./target.ts";

/** The first byte says who reads the others, and how. */
function connection(how: number): Connection {
  return new Connection({
    role: (how & 1) === 0 ? "client" : "server",
    mode: (how & 2) === 0 ? "default" : "raw",
    keys: new MaskingKeys((target) => target.fill(0x5a)),
    limits: { maxFrameSize: 400, maxMessageSize: 600, maxFragments: 5 },
  });
}

/** All that comes of bytes that arrive in these pieces. */
function outcome(how: number, pieces: readonly Uint8Array[]): unknown {
  const subject = connection(how);
  const frames: string[] = [];
  let steps = 0;
  for (const piece of pieces) {
    subject.receive(Uint8Array.from(piece));
    do {
      for (const { type, fin, data } of subject.take())
        frames.push(`${type} ${fin} ${Buffer.from(data).toString("hex")}`);
      if (++steps > 100 + pieces.length * 4) throw new Error("it does not come to an end");
    } while (subject.hasInput);
  }
  const { failure, received, sent } = subject.closing;
  return {
    frames,
    failure: failure && `${failure.code} ${failure.message}`,
    received: received && Buffer.from(received.data).toString("hex"),
    sent: sent && Buffer.from(sent.data).toString("hex"),
    output: Buffer.concat(subject.takeOutput()).toString("hex"),
  };
}

/** One frame, mostly a right one. */
function frame(random: Random): Uint8Array {
  const opcode = random.chance(0.95) ? random.pick([0, 1, 2, 8, 9, 10]) : random.below(16);
  const payload = new Uint8Array(random.chance(0.1) ? random.below(700) : random.below(12));
  if (opcode === 8 && payload.length > 1) payload.set([3, 0xe8 + random.below(20)]);
  else if (random.chance(0.5)) payload.fill(0x61);
  else random.fill(payload);
  const masked = random.chance(0.5);
  const first = (random.chance(0.6) ? 0x80 : 0) | (random.chance(0.02) ? 0x40 : 0) | opcode;
  const long = payload.length > 125 || random.chance(0.02);
  const head = [first, (masked ? 0x80 : 0) | (long ? 126 : payload.length)];
  if (long) head.push(payload.length >> 8, payload.length & 0xff);
  return Uint8Array.of(...head, ...(masked ? [0, 0, 0, 0] : []), ...payload);
}

export const frames: FuzzTarget = {
  words: [
    Uint8Array.of(0x7f, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(0xff, 0x80),
    "€",
    "😀",
    Uint8Array.of(0xed, 0xa0, 0x80),
  ],
  piece: frame,
  run(input) {
    const [how = 0] = input;
    const wire = input.subarray(1);
    const whole = outcome(how, [wire]);
    for (const pieces of splits(wire)) same(`in ${pieces.length} pieces`, outcome(how, pieces), whole);
  },
};
