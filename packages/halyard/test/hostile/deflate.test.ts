// SPDX-License-Identifier: Apache-2.0
// Compressed messages that mean harm, in either role; more against the client is in ../integration/deflate-hostile.test.ts.
import { describe, expect, test } from "vitest";
import { deflate } from "../../src/extensions/deflate/node/index.ts";
import { noise } from "../extensions/deflate/support.ts";
import { concat, frame, hex, ROLES, toHex } from "../protocol/support.ts";
import { checkLeaks, turn, turns, until } from "../support/leaks.ts";
import { bye, closes, fails } from "./cases/case.ts";
import { compressed, deflated } from "./cases/deflate.ts";
import { type MeetingOptions, meet } from "./meeting.ts";
import { drain, outcomeOf } from "./outcome.ts";
import { runCases } from "./run-cases.ts";

checkLeaks();

const agreed: MeetingOptions = { agreed: "permessage-deflate", extensions: [deflate()] };

function bomb(size: number): Uint8Array {
  return frame(0xc2, deflated(new Uint8Array(size)));
}

const hello = "48 65 6c 6c 6f";
const gotHello = `text ${hello}`;
const first = frame(0xc1, "f2 48 cd c9 c9 07 00");

describe.each(ROLES)("a %s that has agreed to compress hears", (role) => {
  test("CM-02: two million empty blocks, which are one empty message", async () => {
    const blocks = concat(Array.from({ length: 400_000 }, () => hex("00 00 00 ff ff")));
    await using met = await meet(role, agreed);
    met.peer.say(frame(0xc2, concat([...Array<Uint8Array>(5).fill(blocks), hex("00")])), bye);
    expect(await outcomeOf(met)).toEqual(closes(["binary"]));
  });
});

describe.each(ROLES)("a bomb for a %s", { timeout: 20_000 }, (role) => {
  test("CM-01: of 200 MB costs no more memory than the limit", async () => {
    const said = bomb(200_000_000);
    const before = process.memoryUsage().arrayBuffers;
    await using met = await meet(role, { ...agreed, maxMessageSize: 300_000 });
    met.peer.say(said);
    expect(await outcomeOf(met)).toEqual(fails(1009));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 2 ** 20);
  });

  test("CM-01: of 16 MiB, which the default allows, does not block the loop", async () => {
    await using met = await meet(role, agreed);
    met.peer.say(bomb(2 ** 24));
    let isThere = false;
    const receiving = met.session.incoming.receive().then(({ data }) => {
      isThere = true;
      return data.length;
    });
    let passed = 0;
    while (!isThere && passed < 100_000) {
      await turn();
      passed++;
    }
    expect(await receiving).toBe(2 ** 24);
    // Inflated where it is, it would be there within a few turns.
    expect(passed).toBeGreaterThan(20);
  });

  test("CM-01: a hundred of them, each within the limit, come only as fast as they are taken", async () => {
    await using met = await meet(role, agreed);
    const before = process.memoryUsage().arrayBuffers;
    met.peer.say(...Array<Uint8Array>(100).fill(bomb(1_000_000)), bye);
    await turns();
    let most = 0;
    // Nothing tells that no more will be inflated; a thread takes a millisecond or two for each.
    const end = performance.now() + 200;
    while (performance.now() < end) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      await turn();
    }
    expect(most).toBeLessThan(25 * 2 ** 20);
    const all = await drain(met);
    expect(all).toEqual([...Array<string>(100).fill("binary 1000000 x 00"), "end"]);
  });
});

describe.each(ROLES)("while a %s inflates on a thread", (role) => {
  const large = frame(0xc2, deflated(noise(400_000)));
  const gotLarge = "binary 400000 x";

  test("CM-06: what comes behind keeps its place: messages small and large, pings, and the Close frame", async () => {
    await using met = await meet(role, agreed);
    met.peer.say(large, first, "89 01 01", large, "81 01 61", "89 01 02", first, bye);
    const { received, wire, ...end } = await outcomeOf(met);
    expect(received.map((each) => (each.startsWith(gotLarge) ? gotLarge : each))).toEqual([
      gotLarge,
      gotHello,
      gotLarge,
      "text 61",
      gotHello,
      "end",
    ]);
    expect(wire).toEqual(["pong 01", "pong 02", "close 1000"]);
    expect(end).toEqual({ reason: 1000, clean: true });
  });

  test("CM-06: a fault behind it waits until it was delivered", async () => {
    await using met = await meet(role, agreed);
    met.peer.say(large, "83 00", first);
    const { received, wire } = await outcomeOf(met);
    expect(received.map((each) => each.slice(0, gotLarge.length))).toEqual([gotLarge, "ProtocolViolati"]);
    expect(wire).toEqual(["close 1002"]);
  });

  const behind = noise(300_000, 3);
  test.each<[how: string, end: (met: Awaited<ReturnType<typeof meet>>) => unknown, reason: number]>([
    ["a reset", ({ peer }) => peer.reset(), 1006],
    ["cancel()", ({ session }) => session.cancel(), 1006],
    ["close(), which nobody answers", ({ session }) => void session.close(), 1000],
  ])("CM-07: %s settles all, and leaves nothing", async (_, end, reason) => {
    for (const count of [0, 1, 3]) {
      await using met = await meet(role, { ...agreed, closeTimeout: 60 });
      const { session, peer } = met;
      peer.say(large, large);
      const settled = Promise.allSettled([
        session.send(behind),
        session.send(behind),
        session.flush(),
        drain(met),
      ]);
      for (let passed = 0; passed < count; passed++) await turn();
      await end(met);
      expect((await session.ended).reason.code).toBe(reason);
      expect(await settled).toHaveLength(4);
      await until(() => peer.hasEnded || peer.isGone, "the end of our side");
    }
  });
});

test.each(ROLES)("CM-09: what a %s sends with compress: false is on the wire as it is", async (role) => {
  await using met = await meet(role, agreed);
  const secret = "s".repeat(100).repeat(20);
  await met.session.send(secret, { compress: false });
  await met.session.send(secret);
  await met.session.send("s".repeat(1_023));
  await met.peer.hears(3);
  expect(
    met.peer.frames.map(
      ({ first: byte, payload }) => `${toHex(Uint8Array.of(byte))} ${payload.length > 1_000}`,
    ),
  ).toEqual(["81 true", "c1 false", "81 true"]);
});

// Behind those that measure memory.
runCases(compressed);
