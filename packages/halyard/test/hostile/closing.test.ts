// SPDX-License-Identifier: Apache-2.0
// How a peer can close badly, in either role. The rules are in docs/closing.md.
import { describe, expect, test } from "vitest";
import { InvalidArgumentError, TimeoutError } from "../../src/index.ts";
import { concat, frame, ROLES } from "../protocol/support.ts";
import { failure, rejection } from "../support/clients.ts";
import { checkLeaks, turns } from "../support/leaks.ts";
import { bye } from "./cases/case.ts";
import { closings } from "./cases/closing.ts";
import { type MeetingOptions, meet } from "./meeting.ts";
import { drain, outcomeOf } from "./outcome.ts";
import { runCases } from "./run-cases.ts";

checkLeaks();

runCases(closings);

function close(code: number, message = ""): Uint8Array {
  return frame(0x88, concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(message)]));
}

const longest = "é".repeat(61) + "!";

describe.each(ROLES)("a %s that hears", (role) => {
  test("CL-02: a code and a reason says the same, and tells them", async () => {
    await using met = await meet(role);
    met.peer.say(close(4321, longest));
    expect(await outcomeOf(met)).toMatchObject({ clean: true });
    expect(await met.session.closeReason).toMatchObject({ code: 4321, message: longest });
    expect(met.peer.frames[0]?.payload.subarray(2).toString()).toBe(longest);
  });
});

describe.each(ROLES)("a %s whose peer", (role) => {
  test("CL-05: closes at the same time keeps its own reason, and both sides say it once", async () => {
    await using met = await meet(role);
    const draining = drain(met);
    const closing = met.session.close({ code: 4001 });
    met.peer.say(close(4002));
    expect(await outcomeOf(met, draining)).toEqual({
      received: ["end"],
      wire: ["close 4001"],
      reason: 4001,
      clean: true,
    });
    expect((await closing).received?.code).toBe(4002);
  });

  test("CL-05: hears close() thrice, one of them from inside the loop, hears one Close frame", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    const ends: Promise<unknown>[] = [];
    const reading = (async () => {
      for await (const _ of session.incoming) {
        for (const code of [4001, 4002, 4003]) ends.push(session.close({ code }));
      }
    })();
    peer.say("81 01 61");
    await peer.hears(1);
    peer.say(bye);
    expect(
      await outcomeOf(
        met,
        reading.then(() => ["end"]),
      ),
    ).toEqual({ received: ["end"], wire: ["close 4001"], reason: 4001, clean: true });
    for (const end of ends) expect(await end).toBe(await session.ended);
  });

  test("CL-06: reads nothing, our queue being full, is let go of with the deadline from the call", async () => {
    await using met = await meet(role, { closeTimeout: 60 });
    const { session, peer } = met;
    peer.socket.pause();
    const sends = Array.from({ length: 64 }, () => session.send(new Uint8Array(2 ** 20)));
    const settled = Promise.allSettled(sends);
    await turns();
    const began = performance.now();
    const end = await session.close();
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(end).toMatchObject({ clean: false, reason: { code: 1000 } });
    expect(end.error).toBeInstanceOf(TimeoutError);
    expect(end.unsent).toBeGreaterThan(0);
    await settled;
  });

  test("CL-07: would hear what cannot be said hears nothing, and the session goes on", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    const wrong: unknown[] = [
      ...[1004, 1005, 1006, 1015, 2999, 5000, 999, 0, -1, 1000.5, Number.NaN, "1000"].map((code) => ({
        code,
      })),
      { code: 1000, message: "x".repeat(124) },
      { code: 1000, message: "é".repeat(62) },
      { code: 1000, message: new Uint8Array(100) },
      { code: 1000, message: 100 },
      1000,
      "bye",
    ];
    for (const reason of wrong) {
      expect(
        await failure(session.close(reason as never), InvalidArgumentError),
        String(reason),
      ).toBeDefined();
    }
    expect(peer.heard).toEqual([]);
    await session.send("still here");
    await peer.hears(1);
    peer.say(bye);
    const { wire } = await outcomeOf(met);
    expect(wire).toEqual([`81 ${Buffer.from("still here").toString("hex")}`, "close 1000"]);
  });

  test("CL-08: hears nothing behind our Close frame, whatever is sent", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    const closing = session.close();
    for (const late of ["text", new Uint8Array(3)]) {
      expect(await rejection(session.send(late))).toHaveProperty("code", "ERR_HALYARD_CHANNEL_CLOSED");
    }
    await peer.hears(1);
    expect(await rejection(session.send("later"))).toHaveProperty("code", "ERR_HALYARD_CHANNEL_CLOSED");
    peer.say(bye);
    expect(await outcomeOf(met)).toMatchObject({ wire: ["close 1000"], clean: true });
    await closing;
    expect(await rejection(session.send("too late"))).toHaveProperty("code", "ERR_HALYARD_CHANNEL_CLOSED");
  });

  test.each<[how: string, options: MeetingOptions]>([
    ["a queue of its size", {}],
    ["a queue of one message", { channels: { incoming: { messages: 1, bytes: 10, onOverflow: "suspend" } } }],
  ])("CL-09: closes behind messages that nobody reads yet loses none of them: %s", async (_, options) => {
    await using met = await meet(role, options);
    met.peer.say(...Array.from({ length: 50 }, (_each, at) => frame(0x82, Uint8Array.of(at))), bye);
    expect((await met.session.closeReason).code).toBe(1000);
    const seen = await drain(met);
    expect(seen).toEqual([...Array.from({ length: 50 }, (_each, at) => `binary ${hexOf(at)}`), "end"]);
    met.peer.socket.end();
  });
});

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
