// SPDX-License-Identifier: Apache-2.0
// How a peer can close badly, in either role. The rules are in docs/closing.md.
import { describe, expect, test } from "vitest";
import { InvalidArgumentError, TimeoutError } from "../../src/index.ts";
import { concat, frame, ROLES } from "../protocol/support.ts";
import { failure, rejection } from "../support/clients.ts";
import { checkLeaks, turn, turns, until } from "../support/leaks.ts";
import { type HostilePeer, type MeetingOptions, meet } from "./meeting.ts";
import { bye, closes, drain, fails, type Outcome, outcomeOf, play, type Row, WAYS } from "./outcome.ts";

checkLeaks();

function close(code: number, message = ""): Uint8Array {
  return frame(0x88, concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(message)]));
}

const forbidden = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
const allowed = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];
const longest = "é".repeat(61) + "!";

function closesWith(code: number): Outcome {
  return { received: ["end"], wire: [`close ${code}`], reason: code, clean: true };
}

const rows: readonly Row[] = [
  ["CL-01", "half a code", ["88 01 03"], fails(1002)],
  ...forbidden.map((code): Row => ["CL-01", `the code ${code}`, [close(code)], fails(1002)]),
  ["CL-01", "a forbidden code with a reason", [close(1005, "why")], fails(1002)],
  ...allowed.map((code): Row => ["CL-02", `the code ${code}`, [close(code)], closesWith(code)]),
  ["CL-02", "no code", ["88 00"], { received: ["end"], wire: ["close"], reason: 1005, clean: true }],
  ["CL-02", "a reason of 123 bytes", [close(1001, longest)], closesWith(1001)],
  ["CL-05", "two Close frames at once", [close(1001), bye], closesWith(1001)],
  [
    "CL-09",
    "messages right before it",
    ["81 01 61", "82 01 62", "81 00", bye],
    closes(["text 61", "binary 62", "text"]),
  ],
  ["CL-10", "a Close frame inside a message", ["01 01 61", bye, "80 01 62"], closes()],
  ["CL-10", "a Close frame inside a character", ["81 01 61", "01 01 e2", bye], closes(["text 61"])],
];

describe.each(ROLES)("a %s that hears", (role) => {
  describe.each(WAYS)("%s, which changes nothing (FR-10)", (way) => {
    test.each(rows)("%s: %s", async (_id, _what, says, outcome) => {
      expect(await play(role, says, {}, way)).toEqual(outcome);
    });
  });

  test("CL-02: a code and a reason says the same, and tells them", async () => {
    await using met = await meet(role);
    met.peer.say(close(4321, longest));
    expect(await outcomeOf(met)).toMatchObject({ clean: true });
    expect(await met.session.closeReason).toMatchObject({ code: 4321, message: longest });
    expect(met.peer.frames[0]?.payload.subarray(2).toString()).toBe(longest);
  });
});

/** What a peer does once it has heard our Close frame, and how that ends. */
type Reaction = readonly [
  what: string,
  react: (peer: HostilePeer) => unknown,
  end: { clean: boolean; error: string | undefined; received: number | null },
];

const reactions: readonly Reaction[] = [
  ["nothing", () => undefined, { clean: false, error: "TimeoutError", received: null }],
  [
    "messages and pings, and no end of them",
    async (peer) => {
      while (!peer.isGone && peer.socket.writable) {
        peer.say("81 01 61", "89 01 62");
        await turn();
      }
    },
    { clean: false, error: "TimeoutError", received: null },
  ],
  [
    "an answer, and no end of the connection",
    (peer) => peer.say(bye),
    { clean: true, error: undefined, received: 1000 },
  ],
  [
    "an end of the connection",
    (peer) => peer.socket.end(),
    { clean: false, error: "ConnectionError", received: null },
  ],
  ["a reset", (peer) => peer.reset(), { clean: false, error: "ConnectionError", received: null }],
  [
    "an answer that is malformed",
    (peer) => peer.say("88 01 03"),
    { clean: false, error: "ProtocolViolationError", received: null },
  ],
  ["a fault", (peer) => peer.say("83 00"), { clean: false, error: "ProtocolViolationError", received: null }],
  ["half an answer", (peer) => peer.say("88 02"), { clean: false, error: "TimeoutError", received: null }],
];

describe.each(ROLES)("our close() as a %s is answered by", (role) => {
  test.each(reactions)("CL-03, CL-04: %s", async (_, react, { clean, error, received }) => {
    await using met = await meet(role, { closeTimeout: 4_000 });
    const { session, peer } = met;
    const draining = drain(met);
    const began = performance.now();
    const closing = session.close({ code: 4000, message: "enough" }, { timeout: 60 });
    await peer.hears(1);
    const reacting = react(peer);
    const end = await closing;
    expect(performance.now() - began, "nothing puts the deadline off").toBeLessThan(1_500);
    await reacting;
    expect(end).toMatchObject({ clean, initiator: "local", reason: { code: 4000, message: "enough" } });
    expect((end.error as Error | undefined)?.name).toBe(error);
    expect(end.received?.code ?? null).toBe(received);
    await draining;
    await until(() => peer.hasEnded || peer.isGone, "the end of our side");
    // One Close frame whatever happens, and nothing behind it, a pong neither (CL-11).
    expect(peer.heard).toEqual(["close 4000"]);
  });
});

describe.each(ROLES)("a %s whose peer", (role) => {
  test("CL-03: closes, and never ends the connection, lets go of it with the deadline", async () => {
    await using met = await meet(role, { closeTimeout: 60 });
    met.peer.say(bye);
    expect(await met.session.ended).toMatchObject({ clean: true, initiator: "peer", reason: { code: 1000 } });
    await until(() => met.peer.hasEnded || met.peer.isGone, "the end of our side");
    expect(met.peer.heard).toEqual(["close 1000"]);
  });

  test("CL-03: breaks the protocol, and never ends the connection, lets go of it with the deadline", async () => {
    await using met = await meet(role, { closeTimeout: 60 });
    met.peer.say("83 00");
    expect(await met.session.ended).toMatchObject({ clean: false, reason: { code: 1002 } });
    expect(met.peer.heard).toEqual(["close 1002"]);
  });

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

  test("CL-11: pings while our Close frame is out gets no pong and no second Close frame", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    const closing = session.close();
    await peer.hears(1);
    peer.say("89 01 61", "89 00", bye, "89 01 62");
    expect(await outcomeOf(met)).toMatchObject({ wire: ["close 1000"], clean: true });
    await closing;
  });

  test("CL-11: pings right before its Close frame gets the pongs before ours", async () => {
    expect(await play(role, ["89 01 61", bye, "89 01 62"])).toEqual(closes([], ["pong 61"]));
  });
});

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
