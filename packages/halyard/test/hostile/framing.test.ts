// SPDX-License-Identifier: Apache-2.0
// Frames that are no good, or at the edge of it: what the peer hears and what the program gets, in either role.
import { describe, expect, test } from "vitest";
import { frame, ROLES } from "../protocol/support.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";
import { bye, closes } from "./cases/case.ts";
import { framing } from "./cases/framing.ts";
import { meet, meetings } from "./meeting.ts";
import { drain, outcomeOf } from "./outcome.ts";
import { runCases } from "./run-cases.ts";

checkLeaks();

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
    peer.say("81 02 68 69", "82 01 07", "01 01 61");
    const broken = (async () => {
      for await (const { type } of session.incoming) throw new Error(`no ${type}`);
    })();
    await expect(broken).rejects.toThrow("no text");
    const draining = drain(met);
    peer.say("80 01 62", bye);
    expect(await outcomeOf(met, draining)).toEqual(closes(["binary 07", "text 61 62"]));
  });
});

// Behind those that measure memory.
runCases(framing);
