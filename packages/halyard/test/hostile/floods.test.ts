// SPDX-License-Identifier: Apache-2.0
// Peers that send more than anybody wants, in either role: fragments, pings, pongs, messages.
import { describe, expect, test } from "vitest";
import { concat, frame, ROLES, toRole } from "../protocol/support.ts";
import { collect } from "../support/collect.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";
import { bye, closes } from "./cases/case.ts";
import { excess } from "./cases/floods.ts";
import { meet, meetings } from "./meeting.ts";
import { outcomeOf } from "./outcome.ts";
import { runCases } from "./run-cases.ts";

checkLeaks();

const MiB = 2 ** 20;
/** The default of `maxFragments`. */
const mostFragments = 131_072;

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  return concat(Array<Uint8Array>(times).fill(bytes));
}

/** What is not garbage, in bytes. */
function arrayBuffers(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

describe.each(ROLES)("fragments without end that come to a %s", { timeout: 20_000 }, (role) => {
  test("MM-01: memory for their bytes and no more, over thirty connections that stop one before the limit", async () => {
    const said = concat([toRole(role, "02 00"), repeated(toRole(role, "00 01 61"), mostFragments - 1)]);
    await using met = await meetings(role, 30);
    const before = arrayBuffers();
    for (const { peer } of met.all) {
      await peer.pour([said]);
      await until(() => peer.socket.writableLength === 0, "all has left");
      // What is said to a connection is dropped before the next: only what we hold of it counts.
      await turns();
    }
    // A payload of 128 KiB each, in a buffer of at most twice that; and the chunks of the kernel's reads.
    expect(arrayBuffers() - before).toBeLessThan(30 * 2 * 131_072 + 16 * MiB);
  });
});

describe.each(ROLES)("a %s", { timeout: 20_000 }, (role) => {
  test("MM-02: takes a large frame in ten thousand pieces, in time of its length", async () => {
    const size = 4 * MiB;
    const said = concat([toRole(role, frame(0x82, new Uint8Array(size))), toRole(role, bye)]);
    await using met = await meet(role, {
      channels: { incoming: { messages: 1, bytes: 1, onOverflow: "suspend" } },
    });
    const began = process.cpuUsage();
    await met.peer.pour(Array.from({ length: 10_000 }, (_, at) => said.subarray(at * 420, (at + 1) * 420)));
    expect(await outcomeOf(met)).toEqual(closes([`binary ${size} x 00`]));
    const { user, system } = process.cpuUsage(began);
    // To copy what has come with each piece would be 20 GB.
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  test("MM-03: answers a burst of a hundred pings with the newest, in order, and lives on", async () => {
    await using met = await meet(role);
    met.peer.say(...Array.from({ length: 100 }, (_, at) => frame(0x89, Uint8Array.of(at))), bye);
    const { wire, clean } = await outcomeOf(met);
    expect(clean).toBe(true);
    expect(wire.at(-1)).toBe("close 1000");
    const pongs = wire.slice(0, -1);
    expect(pongs.length).toBeGreaterThanOrEqual(16);
    expect(pongs).toEqual(pongs.toSorted());
    expect(pongs.at(-1)).toBe("pong 63");
  });

  test("MM-03: holds few pongs for a peer that floods it with pings and reads none of them", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    peer.socket.pause();
    const ping = toRole(role, frame(0x89, new Uint8Array(125)));
    const before = process.memoryUsage().arrayBuffers;
    // 30 MB of pongs are more than the kernel takes.
    await peer.pour(Array<Uint8Array>(300).fill(repeated(ping, 800)));
    peer.say(frame(0x89, "07"), "81 01 61");
    const received = await session.incoming.receive();
    expect(received.data).toHaveLength(1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MiB);
    peer.socket.resume();
    await until(() => peer.heard.includes("pong 07"), "the newest pong");
    peer.say(bye);
    expect(await outcomeOf(met)).toMatchObject({ clean: true });
    expect(peer.frames.length).toBeLessThan(240_000);
  });

  test("MM-04: takes pongs that it never asked for as nothing, however many", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    const before = process.memoryUsage().arrayBuffers;
    await peer.pour(
      Array<Uint8Array>(100).fill(repeated(toRole(role, frame(0x8a, new Uint8Array(4))), 2_000)),
    );
    peer.say("81 01 61", bye);
    expect(await outcomeOf(met)).toEqual(closes(["text 61"]));
    expect(session.latency).toBeNull();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MiB);
  });

  test("MM-04: remembers one ping, whose pong alone counts, of the many that were not answered", async () => {
    await using met = await meet(role, { pingInterval: 2, pingTimeout: 0 });
    const { session, peer } = met;
    await peer.hears(10);
    const [oldest] = peer.frames;
    peer.say(frame(0x8a, oldest?.payload ?? ""), "81 01 61");
    await session.incoming.receive();
    expect(session.latency).toBeNull();
    session.pingInterval = 0;
    await turns();
    peer.say(frame(0x8a, peer.frames.at(-1)?.payload ?? ""));
    await until(() => session.latency !== null, "the newest ping's pong");
  });
});

// Behind those that measure memory.
runCases(excess);
