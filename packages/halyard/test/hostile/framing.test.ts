// SPDX-License-Identifier: Apache-2.0
// Frames that are no good, or at the edge of it: what the peer hears and what the program gets, in either role.
import { describe, expect, test } from "vitest";
import { bytesOf, concat, frame, ROLES, type Role, toRole } from "../protocol/support.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";
import { meet, meetings } from "./meeting.ts";
import {
  bye,
  bytesFor,
  closes,
  drain,
  fails,
  lost,
  outcomeOf,
  play,
  type Row,
  type Says,
  WAYS,
} from "./outcome.ts";

checkLeaks();

const hi = "81 02 68 69";
const gotHi = "text 68 69";

/** The frames as they would be right for the other role: masked from a server, not masked from a client. */
function wrongMask(...frames: readonly string[]): (role: Role) => Uint8Array {
  return (role) => toRole(role === "client" ? "server" : "client", ...frames);
}

/** With a mask that changes nothing. Only a client may send it. */
function zeroKey(role: Role): Uint8Array {
  return bytesOf(role === "client" ? "81 82 00 00 00 00 68 69" : hi);
}

const reservedOpcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];

const rows: readonly Row[] = [
  ["FR-01", "a text with the mask of the other role", wrongMask(hi), fails(1002)],
  ["FR-01", "a mask of zeros from a server, none from a client", zeroKey, fails(1002)],
  ["FR-01", "a ping with the mask of the other role", wrongMask("89 00"), fails(1002)],
  ["FR-01", "a Close frame with the mask of the other role", wrongMask(bye), fails(1002)],
  [
    "FR-01",
    "the second frame alone",
    (role) => concat([toRole(role, hi), wrongMask(hi)(role)]),
    fails(1002, [gotHi]),
  ],
  ["FR-02", "RSV1 without an extension", ["c1 02 68 69"], fails(1002)],
  ["FR-02", "RSV2", ["a2 00"], fails(1002)],
  ["FR-02", "RSV3", ["91 00"], fails(1002)],
  ["FR-02", "RSV1 on a ping", ["c9 00"], fails(1002)],
  ["FR-02", "RSV1 on a continuation", ["01 01 61", "c0 00"], fails(1002)],
  ["FR-02", "RSV2 on a Close frame", ["a8 00"], fails(1002)],
  // One byte says it: nothing else of the frame is waited for.
  ...reservedOpcodes.map((opcode): Row => {
    return ["FR-03", `opcode ${opcode}`, () => Uint8Array.of(0x80 | opcode), fails(1002)];
  }),
  ["FR-03", "a reserved opcode without FIN", () => Uint8Array.of(0x03), fails(1002)],
  ["FR-04", "a ping without FIN", () => Uint8Array.of(0x09), fails(1002)],
  ["FR-04", "a pong without FIN", () => Uint8Array.of(0x0a), fails(1002)],
  ["FR-04", "a Close frame without FIN", () => Uint8Array.of(0x08), fails(1002)],
  ["FR-04", "a ping of 126 bytes", ["89 7e"], fails(1002)],
  ["FR-04", "a pong with a length in 64 bits", ["8a 7f"], fails(1002)],
  ["FR-04", "a Close frame of 126 bytes", ["88 7e"], fails(1002)],
  [
    "FR-04",
    "a ping of 125 bytes is a good one",
    [frame(0x89, new Uint8Array(125)), bye],
    closes([], [`pong ${"00".repeat(125)}`]),
  ],
  ["FR-05", "a continuation of nothing", ["00 01 61"], fails(1002)],
  ["FR-05", "a last continuation of nothing", ["80 00"], fails(1002)],
  ["FR-05", "a continuation behind a message that is complete", [hi, "80 00"], fails(1002, [gotHi])],
  [
    "FR-05",
    "a continuation behind a fragmented message that is complete",
    ["01 00", "80 00", "80 00"],
    fails(1002, ["text"]),
  ],
  ["FR-05", "a message inside another", ["01 01 61", hi], fails(1002)],
  [
    "FR-05",
    "a message inside another of which nothing but empty fragments came",
    ["01 00", "00 00", "82 00"],
    fails(1002),
  ],
  ["FR-05", "a fragmented message inside another", ["02 00", "02 00"], fails(1002)],
  ["FR-05", "empty fragments", ["01 00", "00 00", "80 00", bye], closes(["text"])],
  ["FR-06", "125 bytes with a length in 16 bits", ["82 7e 00 7d"], fails(1002)],
  ["FR-06", "no bytes with a length in 16 bits", ["82 7e 00 00"], fails(1002)],
  ["FR-06", "65,535 bytes with a length in 64 bits", ["82 7f 00 00 00 00 00 00 ff ff"], fails(1002)],
  ["FR-07", "2^64 - 1 bytes", ["82 7f ff ff ff ff ff ff ff ff"], fails(1002)],
  ["FR-07", "2^63 bytes", ["82 7f 80 00 00 00 00 00 00 00"], fails(1002)],
  ["FR-07", "2^63 - 1 bytes", ["82 7f 7f ff ff ff ff ff ff ff"], fails(1009)],
  ["FR-07", "2^53 bytes", ["82 7f 00 20 00 00 00 00 00 00"], fails(1009)],
  ["FR-07", "2^53 + 1 bytes, which no number can hold", ["82 7f 00 20 00 00 00 00 00 01"], fails(1009)],
  [
    "FR-07",
    "2^32 + 5 bytes, of which five come",
    ["82 7f 00 00 00 01 00 00 00 05 61 61 61 61 61"],
    fails(1009),
  ],
  ["FR-07", "2^31 bytes", ["82 7f 00 00 00 00 80 00 00 00"], fails(1009)],
  ["FR-08", "a frame of 16 MiB + 1, at its header", ["82 7f 00 00 00 00 01 00 00 01"], fails(1009)],
  ["FR-11", "messages and garbage behind a Close frame", [hi, bye, hi, "ff ff ff ff"], closes([gotHi])],
  ["FR-11", "a second Close frame behind the first", [bye, "88 02 03 e9"], closes()],
  ["FR-11", "a good message behind a fault", ["83 00", hi, bye], fails(1002)],
  ["FR-11", "good messages before a fault", [hi, "82 01 07", "83 00"], fails(1002, [gotHi, "binary 07"])],
  ["FR-11", "a fragment before a fault", [hi, "01 01 61", "83 00"], fails(1002, [gotHi])],
];

describe.each(ROLES)("a %s that hears", (role) => {
  describe.each(WAYS)("%s, which changes nothing (FR-10)", (way) => {
    test.each(rows)("%s: %s", async (_id, _what, says, outcome) => {
      expect(await play(role, says, {}, way)).toEqual(outcome);
    });
  });
});

const limits = { maxFrameSize: 1_000, maxMessageSize: 1_000 };
const bytes = (size: number) => new Uint8Array(size).fill(0x61);

/** Each with its limits. */
const atLimits: readonly (readonly [...Row, options: object])[] = [
  ["FR-08", "exactly the limit", [frame(0x82, bytes(1_000)), bye], closes(["binary 1000 x 61"]), limits],
  ["FR-08", "one byte more, of which none has come", ["82 7e 03 e9"], fails(1009), limits],
  [
    "FR-08",
    "fragments of exactly the limit",
    [frame(0x02, bytes(999)), "80 01 61", bye],
    closes(["binary 1000 x 61"]),
    limits,
  ],
  [
    "FR-08",
    "fragments of one byte more, at the header",
    [frame(0x02, bytes(999)), "80 02"],
    fails(1009),
    limits,
  ],
  [
    "FR-08",
    "a message within its limit, a frame over its own",
    ["82 7e 01 f5"],
    fails(1009),
    { maxFrameSize: 500 },
  ],
  [
    "FR-08",
    "the next message, counted for itself",
    [frame(0x82, bytes(900)), frame(0x82, bytes(900)), bye],
    closes(["binary 900 x 61", "binary 900 x 61"]),
    limits,
  ],
  ...[125, 126, 127, 65_535, 65_536, 65_537].flatMap((size): [...Row, object][] => {
    const got = size > 200 ? `binary ${size} x 61` : `binary ${Array(size).fill("61").join(" ")}`;
    const own = { maxFrameSize: size };
    return [
      ["FR-08", `${size} bytes of ${size}`, [frame(0x82, bytes(size)), bye], closes([got]), own],
      ["FR-08", `${size + 1} bytes of ${size}`, [frame(0x82, bytes(size + 1))], fails(1009), own],
    ];
  }),
];

describe.each(ROLES)("with limits a %s that hears", (role) => {
  test.each(atLimits)("%s: %s", async (_id, _what, says, outcome, options) => {
    expect(await play(role, says, options)).toEqual(outcome);
  });
});

/** Where a connection may stop, and what was received by then. */
const cuts: readonly (readonly [where: string, says: Says, received: readonly string[]])[] = [
  ["the first byte of a header", [hi, "82"], [gotHi]],
  ["a length of 16 bits", ["82 7e 01"], []],
  ["a length of 64 bits", ["82 7f 00 00 00"], []],
  ["a payload", [hi, "82 05 61 61"], [gotHi]],
  ["a large payload", [concat([bytesOf("82 7e ff ff"), bytes(60_000)])], []],
  ["a text, between two characters", ["81 05 61 61"], []],
  ["a fragmented message, between two frames", ["01 01 61", "00 01 61"], []],
  ["a Close frame", ["88 02 03"], []],
  ["a Close frame, behind its header", ["88 02"], []],
];

describe.each(ROLES)("the connection of a %s stops inside of", (role) => {
  describe.each(["an end", "a reset"])("by %s", (how) => {
    test.each(cuts)("FR-12: %s", async (_, says, received) => {
      await using met = await meet(role);
      const draining = drain(met);
      met.peer.socket.write(bytesFor(role, says));
      if (how === "an end") met.peer.socket.end();
      else await met.peer.reset();
      expect(await outcomeOf(met, draining)).toEqual(lost(received));
    });
  });
});

describe.each(ROLES)("a %s keeps", (role) => {
  test("FR-09: no memory for what was announced: a hundred connections claim 16 MiB each", async () => {
    const before = process.memoryUsage();
    await using met = await meetings(role, 100);
    for (const { peer } of met.all) peer.say("82 7f 00 00 00 00 01 00 00 00", "61");
    await until(() => met.all.every(({ peer }) => peer.socket.writableLength === 0), "all have left");
    await turns();
    const { arrayBuffers, external } = process.memoryUsage();
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(32 * 2 ** 20);
    expect(external - before.external).toBeLessThan(32 * 2 ** 20);
  });

  test("FR-13: of a read full of tiny messages only what the program keeps, and that does not change", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    const tiny = (from: number) =>
      Array.from({ length: 200 }, (_, at) => frame(0x82, Uint8Array.of(from + (at % 100), 7)));
    peer.say(...tiny(0));
    const kept: Uint8Array[] = [];
    while (kept.length < 200) kept.push((await session.incoming.receive()).data);
    peer.say(...tiny(100), bye);
    expect(await outcomeOf(met)).toMatchObject({ reason: 1000, clean: true });
    for (const [at, data] of kept.entries()) {
      expect([...data]).toEqual([at % 100, 7]);
      expect(data.buffer.byteLength).toBeLessThanOrEqual(2 * data.length);
    }
    expect(new Set(kept.map((data) => data.buffer)).size, "no two share their memory").toBe(200);
  });

  test("FR-14: its place in the stream when the program's loop throws, and the program may go on", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    peer.say(hi, "82 01 07", "01 01 61");
    const broken = (async () => {
      for await (const { type } of session.incoming) throw new Error(`no ${type}`);
    })();
    await expect(broken).rejects.toThrow("no text");
    const draining = drain(met);
    peer.say("80 01 62", bye);
    expect(await outcomeOf(met, draining)).toEqual(closes(["binary 07", "text 61 62"]));
  });
});
