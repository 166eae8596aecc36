// SPDX-License-Identifier: Apache-2.0
// Compressed messages that mean harm, in either role; more against the client is in ../integration/deflate-hostile.test.ts.
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { deflate } from "../../src/extensions/deflate/node/index.ts";
import { noise } from "../extensions/deflate/support.ts";
import { type Bytes, concat, frame, hex, ROLES, toHex } from "../protocol/support.ts";
import { checkLeaks, turn, turns, until } from "../support/leaks.ts";
import { type MeetingOptions, meet } from "./meeting.ts";
import { bye, closes, drain, fails, outcomeOf, play, type Row, WAYS } from "./outcome.ts";

checkLeaks();

const agreed: MeetingOptions = { agreed: "permessage-deflate", extensions: [deflate()] };

function deflated(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** A whole text of compressed bytes. */
function packed(bytes: Bytes): Uint8Array {
  return frame(0xc1, bytes);
}

function bomb(size: number): Uint8Array {
  return frame(0xc2, deflated(new Uint8Array(size)));
}

const hello = "48 65 6c 6c 6f";
const gotHello = `text ${hello}`;
/** The examples of RFC 7692 section 7.2.3: Hello, alone and as a reference to the message before. */
const first = packed("f2 48 cd c9 c9 07 00");
const again = packed("f2 00 11 00 00");
const emptyBlocks = concat([...Array.from({ length: 200 }, () => hex("00 00 00 ff ff")), hex("00")]);

const rows: readonly Row[] = [
  ["FR-02", "RSV1 on a continuation", ["41 02 f2 48", "c0 05 cd c9 c9 07 00"], fails(1002)],
  ["FR-02", "RSV1 on a ping", ["c9 00"], fails(1002)],
  ["FR-02", "RSV1 on a Close frame", ["c8 02 03 e8"], fails(1002)],
  ["FR-02", "RSV2 and RSV3", ["b1 00"], fails(1002)],
  ["CM-02", "empty blocks of which nothing comes", [packed(emptyBlocks), bye], closes(["text"])],
  [
    "CM-03",
    "a final block, and a message behind it",
    [packed("f3 48 cd c9 c9 07 00 00"), first, bye],
    closes([gotHello, gotHello]),
  ],
  [
    "CM-03",
    "a final block and nothing, and a reference to it",
    [packed("f3 48 cd c9 c9 07 00"), again, bye],
    closes([gotHello, gotHello]),
  ],
  ["CM-03", "an empty final block", [packed("03 00 00"), first, bye], closes(["text", gotHello])],
  ["CM-04", "a block of no known type", [first, packed("06 00"), first], fails(1007, [gotHello])],
  ["CM-04", "a distance that reaches before the beginning", [again], fails(1007)],
  [
    "CM-04",
    "a stored block whose length is wrong",
    [packed("00 05 00 00 00 48 65 6c 6c 6f 00")],
    fails(1007),
  ],
  ["CM-04", "a message that is cut", [first, packed("f2 48 cd c9")], fails(1007, [gotHello])],
  ["CM-04", "a stored block that is cut", [packed("00 05 00 fa ff 48 65")], fails(1007)],
  ["CM-04", "garbage behind a final block", [packed("f3 48 cd c9 c9 07 00 ff ff ff")], fails(1007)],
  ["CM-04", "bad fragments behind good ones", ["41 02 f2 48", "80 02 ff ff"], fails(1007)],
  ["CM-05", "Hello, and a reference to it", [first, again, bye], closes([gotHello, gotHello])],
  ["CM-05", "Hello in two fragments", ["41 03 f2 48 cd", "80 04 c9 c9 07 00", bye], closes([gotHello])],
  ["CM-05", "Hello in a stored block", [packed(`00 05 00 fa ff ${hello} 00`), bye], closes([gotHello])],
  [
    "CM-05",
    "Hello in two blocks",
    [packed("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), bye],
    closes([gotHello]),
  ],
  [
    "CM-06",
    "a ping inside a compressed message",
    ["41 03 f2 48 cd", "89 01 07", "80 04 c9 c9 07 00", bye],
    closes([gotHello], ["pong 07"]),
  ],
  ["CM-10", "text that shows as no UTF-8 when it is inflated", [packed(deflated(hex("c3 28")))], fails(1007)],
  [
    "CM-10",
    "text that ends inside a character when it is inflated",
    [packed(deflated(hex("61 e2 82")))],
    fails(1007),
  ],
  ["CM-10", "an empty message", [packed("00"), packed(""), bye], closes(["text", "text"])],
  [
    "CM-10",
    "messages that are not compressed between others",
    [first, "81 01 61", again, "82 00", bye],
    closes([gotHello, "text 61", gotHello, "binary"]),
  ],
];

describe.each(ROLES)("a %s that has agreed to compress hears", (role) => {
  describe.each(WAYS)("%s, which changes nothing (FR-10)", (way) => {
    test.each(rows)("%s: %s", async (_id, _what, says, outcome) => {
      expect(await play(role, says, agreed, way)).toEqual(outcome);
    });
  });

  test("CM-04: CM-05: a reference to the message before, where contexts are not taken over", async () => {
    const direction = `${role === "client" ? "server" : "client"}_no_context_takeover`;
    const options = { agreed: `permessage-deflate; ${direction}`, extensions: [deflate()] };
    expect(await play(role, [first, again], options)).toEqual(fails(1007, [gotHello]));
    expect(await play(role, [first, first, bye], options)).toEqual(closes([gotHello, gotHello]));
  });

  test("CM-02: two million empty blocks, which are one empty message", async () => {
    const blocks = concat(Array.from({ length: 400_000 }, () => hex("00 00 00 ff ff")));
    await using met = await meet(role, agreed);
    met.peer.say(frame(0xc2, concat([...Array<Uint8Array>(5).fill(blocks), hex("00")])), bye);
    expect(await outcomeOf(met)).toEqual(closes(["binary"]));
  });
});

describe.each(ROLES)("a bomb for a %s", { timeout: 20_000 }, (role) => {
  const limit = 300_000;
  const options: MeetingOptions = { ...agreed, maxMessageSize: limit };
  const full = `binary ${limit} x 00`;

  test.each<[what: string, says: readonly Uint8Array[], received: readonly string[]]>([
    ["CM-01: in one frame, behind one at the limit", [bomb(limit), bomb(limit + 1)], [full]],
    [
      "CM-01: in fragments",
      [
        frame(0x42, deflated(new Uint8Array(limit + 1)).subarray(0, 9)),
        frame(0x80, deflated(new Uint8Array(limit + 1)).subarray(9)),
      ],
      [],
    ],
    ["CM-01: of a byte more than a limit of one", [frame(0xc2, deflated(new Uint8Array(2)))], []],
    ["CM-01: of 200 MB", [bomb(200_000_000)], []],
  ])("%s", async (what, says, received) => {
    const own = what.endsWith("of one") ? { ...options, maxMessageSize: 1 } : options;
    const before = process.memoryUsage().arrayBuffers;
    expect(await play(role, says, own)).toEqual(fails(1009, received));
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
