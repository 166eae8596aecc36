// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import type { PingTimeoutError } from "../../src/session/errors.ts";
import { Pinger } from "../../src/session/pinger.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { PipeTransport } from "./pipe-transport.ts";

/** A pinger whose pings, and whose verdict, are noted with the time. */
function pinger(interval: number, timeout: number, heartbeat: () => boolean = () => false) {
  const clock = new VirtualClock();
  const transport = new PipeTransport("server", "default");
  const pings: { at: number; payload: Uint8Array }[] = [];
  const timeouts: string[] = [];
  let held: readonly [number, number] = [0, 0];
  Object.defineProperty(transport, "pendingFrames", { get: () => held[0] });
  Object.defineProperty(transport, "pendingBytes", { get: () => held[1] });
  transport.send = (frame) => {
    // On an idle connection a ping leaves at once.
    if (held[1] === 0) transport.framesWritten++;
    else held = [held[0] + 1, held[1] + 6];
    pings.push({ at: clock.now(), payload: frame.readBytes() });
    return true;
  };
  const owner = {
    sendHeartbeat: heartbeat,
    pingTimedOut({ milliseconds }: PingTimeoutError) {
      timeouts.push(`${milliseconds} ms at ${clock.now()}`);
      made.stop();
    },
  };
  const made = new Pinger(transport, clock, owner, { pingInterval: interval, pingTimeout: timeout });
  return {
    clock,
    pings,
    timeouts,
    pinger: made,
    times: () => pings.map(({ at }) => at),
    /** Sets what the transport has written and what it still holds: frames, and bytes. */
    wire: (written: readonly [number, number], pending: readonly [number, number]) => {
      [transport.framesWritten, transport.bytesWritten] = written;
      held = pending;
    },
    /** One byte from the peer, whatever it means. */
    hear: () => transport.bytesReceived++,
    /** Answers the newest ping, or the one before. */
    answer: (at = -1) => made.pong(new Frame.Pong(pings.at(at)?.payload)),
  };
}

describe("the interval", () => {
  test("a ping each interval, the first after one", async () => {
    const { clock, pinger: made, times } = pinger(100, Infinity);
    made.start();
    await clock.advance(99);
    expect(times()).toEqual([]);
    await clock.advance(251);
    expect(times()).toEqual([100, 200, 300]);
    made.stop();
    expect(clock.pending).toBe(0);
  });

  test("a heartbeat takes the place of the ping, and its silence is the peer's as well", async () => {
    const beats: number[] = [];
    const made = pinger(100, 40, () => beats.push(0) > 0);
    made.pinger.start();
    await made.clock.advance(1000);
    expect(made.times()).toEqual([]);
    expect(beats).toHaveLength(1);
    expect(made.timeouts).toEqual(["40 ms at 140"]);
  });

  test("a heartbeat that ends the session leaves no timer", async () => {
    const made = pinger(100, 40, () => {
      made.pinger.stop();
      return true;
    });
    made.pinger.start();
    await made.clock.advance(100);
    expect(made.clock.pending).toBe(0);
  });

  test("timers that have fired are forgotten: a long life needs no more memory", async () => {
    const { clock, pinger: made } = pinger(10, Infinity);
    const after = clock.after.bind(clock);
    let cancelled = 0;
    clock.after = (...call) => {
      const cancel = after(...call);
      return () => {
        cancelled++;
        cancel();
      };
    };
    made.start();
    await clock.advance(1000);
    made.stop();
    expect(cancelled).toBe(1);
  });

  test("no two pings are the same", async () => {
    const { clock, pinger: made, pings } = pinger(1, Infinity);
    made.start();
    await clock.advance(300);
    expect(new Set(pings.map(({ payload }) => String(payload))).size).toBe(300);
    made.stop();
  });

  test("Infinity is off: no ping, no timer", async () => {
    const { clock, pinger: made, times } = pinger(Infinity, 10);
    made.start();
    expect(clock.pending).toBe(0);
    await clock.advance(1000);
    expect(times()).toEqual([]);
  });

  test("without a timeout nobody is given up", async () => {
    const { clock, pinger: made, times, timeouts } = pinger(100, Infinity);
    made.start();
    await clock.advance(1000);
    expect(times().length).toBe(10);
    expect(timeouts).toEqual([]);
    made.stop();
  });

  test("new times begin anew; while stopped they only wait for the start", async () => {
    const { clock, pinger: made, times } = pinger(100, 50);
    made.configure(200, 60);
    expect([made.interval, made.timeout, clock.pending]).toEqual([200, 60, 0]);
    made.start();
    await clock.advance(150);
    made.configure(100, 70);
    await clock.advance(99);
    expect(times()).toEqual([]);
    await clock.advance(1);
    expect(times()).toEqual([250]);
    made.configure(Infinity, 70);
    expect(clock.pending).toBe(0);
  });
});

describe("the timeout", () => {
  test("nothing within it: the peer is given up, once, and no timer stays (KA-01)", async () => {
    const { clock, pinger: made, timeouts } = pinger(100, 40);
    made.start();
    await clock.advance(139);
    expect(timeouts).toEqual([]);
    await clock.advance(1000);
    expect(timeouts).toEqual(["40 ms at 140"]);
    expect(clock.pending).toBe(0);
  });

  test("any byte at all counts as life, and the next ping has its own deadline", async () => {
    const { clock, pinger: made, hear, timeouts } = pinger(100, 40);
    made.start();
    await clock.advance(120);
    hear();
    await clock.advance(119);
    expect(timeouts).toEqual([]);
    await clock.advance(1);
    expect(timeouts).toEqual(["40 ms at 240"]);
  });

  test("a byte that comes with the deadline, but is read behind it, counts (KA-06)", async () => {
    const { clock, pinger: made, hear, timeouts } = pinger(100, 40);
    made.start();
    await clock.advance(139);
    // This timer falls due with the deadline, and behind it.
    clock.after(1, hear);
    await clock.advance(1);
    expect(timeouts).toEqual([]);
    made.stop();
  });

  test("longer than the interval: the first deadline counts, though pings follow", async () => {
    const { clock, pinger: made, times, timeouts } = pinger(100, 250);
    made.start();
    await clock.advance(320);
    expect(clock.pending, "the next ping and one deadline").toBe(2);
    await clock.advance(1000);
    expect(times()).toEqual([100, 200, 300]);
    expect(timeouts).toEqual(["250 ms at 350"]);
  });

  test("it stands still while it is stopped, and begins anew with the start", async () => {
    const { clock, pinger: made, timeouts } = pinger(100, 40);
    made.start();
    await clock.advance(130);
    made.stop();
    expect(clock.pending).toBe(0);
    await clock.advance(1000);
    made.start();
    await clock.advance(139);
    expect(timeouts).toEqual([]);
    await clock.advance(1);
    expect(timeouts).toEqual(["40 ms at 1270"]);
  });

  test("a process that was frozen does not blame its peer: it asks again (KA-04)", async () => {
    const { clock, pinger: made, times, timeouts } = pinger(20_000, 10_000);
    made.start();
    await clock.advance(25_000);
    await clock.freeze(60_000);
    expect(timeouts).toEqual([]);
    await clock.advance(29_999);
    expect(timeouts).toEqual([]);
    await clock.advance(1);
    expect(timeouts).toEqual(["10000 ms at 115000"]);
    expect(times().at(-1)).toBe(105_000);
  });

  test.each([
    [1000, ["10000 ms at 31000"]],
    [1001, []],
  ])("late by %s ms", async (lateness, expected) => {
    const { clock, pinger: made, timeouts } = pinger(20_000, 10_000);
    made.start();
    await clock.advance(29_999);
    await clock.freeze(1 + lateness);
    expect(timeouts).toEqual(expected);
    made.stop();
    expect(clock.pending).toBe(0);
  });

  test("a property: a peer that falls silent is found within interval + timeout, and no other is given up", async () => {
    const silences = fc.record({
      interval: fc.integer({ min: 1, max: 50 }),
      timeout: fc.integer({ min: 1, max: 100 }),
      bytes: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(silences, async ({ interval, timeout, bytes }) => {
        const { clock, pinger: made, hear, timeouts } = pinger(interval, timeout);
        const heardAt = [0, ...bytes.toSorted((a, b) => a - b)];
        for (const at of heardAt) clock.after(at, hear);
        made.start();
        await clock.advance(500);
        const foundAt = Number(timeouts[0]?.split(" ").at(-1));
        const lastHeard = heardAt.findLast((at) => at <= foundAt) ?? 0;
        expect(timeouts.length).toBe(1);
        expect(foundAt - lastHeard).toBeGreaterThanOrEqual(timeout);
        expect(foundAt - lastHeard).toBeLessThanOrEqual(interval + timeout);
      }),
      { numRuns: 40 },
    );
  });
});

describe("while reading is paused", () => {
  test("pings go on, and nobody is given up", async () => {
    const { clock, pinger: made, times, timeouts } = pinger(100, 40);
    made.start();
    made.pause();
    await clock.advance(1000);
    expect(times().length).toBe(10);
    expect(timeouts).toEqual([]);
    expect(clock.pending, "the next ping").toBe(1);
    made.stop();
    expect(clock.pending).toBe(0);
  });

  test("a deadline that runs is taken back; the first ping after the pause sets the next", async () => {
    const { clock, pinger: made, timeouts } = pinger(100, 40);
    made.start();
    await clock.advance(139);
    made.pause();
    await clock.advance(11);
    made.resume();
    await clock.advance(89);
    expect(timeouts).toEqual([]);
    await clock.advance(1000);
    expect(timeouts, "nothing has come since the first ping").toEqual(["40 ms at 240"]);
  });

  test.each([
    ["new times", (made: Pinger) => made.configure(50, 20)],
    ["a new start", (made: Pinger) => made.start()],
  ])("%s do not end the pause", async (_, act) => {
    const { clock, pinger: made, timeouts } = pinger(100, 40);
    made.start();
    made.pause();
    act(made);
    await clock.advance(1000);
    expect(timeouts).toEqual([]);
    made.resume();
    await clock.advance(140);
    expect(timeouts.length).toBe(1);
  });

  test("without an interval there is still no ping", async () => {
    const { clock, pinger: made } = pinger(Infinity, 40);
    made.start();
    made.pause();
    made.resume();
    expect(clock.pending).toBe(0);
  });
});

describe("a ping behind a backlog", () => {
  const backlog = [3, 900] as const;

  test("is not blamed on a peer while bytes leave; its time begins when it has left", async () => {
    const { clock, pinger: made, wire, timeouts } = pinger(100, 40);
    made.start();
    wire([10, 1000], backlog);
    await clock.advance(139);
    wire([10, 1300], [4, 600]);
    await clock.advance(40);
    expect(timeouts, "bytes left before the first deadline").toEqual([]);
    wire([14, 1900], [0, 0]);
    await clock.advance(40);
    expect(timeouts, "the ping has left before the second").toEqual([]);
    wire([20, 3000], [0, 0]);
    await clock.advance(1);
    expect(timeouts, "what has left behind it does not count").toEqual(["40 ms at 220"]);
  });

  test("is blamed on a peer that takes nothing", async () => {
    const { clock, pinger: made, wire, timeouts } = pinger(100, 40);
    made.start();
    wire([10, 1000], backlog);
    await clock.advance(1000);
    expect(timeouts).toEqual(["40 ms at 140"]);
  });

  test("is blamed on a peer that stops in the middle of it", async () => {
    const { clock, pinger: made, wire, timeouts } = pinger(100, 40);
    made.start();
    wire([10, 1000], backlog);
    await clock.advance(120);
    wire([11, 1300], [3, 600]);
    await clock.advance(1000);
    expect(timeouts).toEqual(["40 ms at 180"]);
  });

  test("is answered by any byte", async () => {
    const { clock, pinger: made, wire, hear, timeouts } = pinger(100, 40);
    made.start();
    wire([10, 1000], backlog);
    await clock.advance(130);
    wire([11, 1300], [3, 600]);
    await clock.advance(30);
    hear();
    await clock.advance(39);
    expect(timeouts).toEqual([]);
    expect(clock.pending, "the next ping").toBe(1);
    made.stop();
    expect(clock.pending).toBe(0);
  });

  test("a ping on an idle connection is not put off by what is sent behind it", async () => {
    const { clock, pinger: made, wire, timeouts } = pinger(100, 40);
    made.start();
    await clock.advance(110);
    wire([10, 5000], [0, 0]);
    await clock.advance(1000);
    expect(timeouts).toEqual(["40 ms at 140"]);
  });
});

describe("latency", () => {
  test("it is the time to the matching pong, of the newest pair", async () => {
    const { clock, pinger: made, answer } = pinger(100, Infinity);
    made.start();
    expect(made.latency).toBe(null);
    await clock.advance(107);
    answer();
    expect(made.latency).toBe(7);
    await clock.advance(96);
    expect(made.latency, "until the next pong").toBe(7);
    answer();
    expect(made.latency).toBe(3);
    made.stop();
  });

  test("no other pong counts: before the first ping, of an older one, of nobody's, or the same again (KA-03)", async () => {
    const { clock, pinger: made, answer } = pinger(100, Infinity);
    made.pong(new Frame.Pong());
    made.start();
    await clock.advance(205);
    made.pong(new Frame.Pong(Uint8Array.of(9)));
    answer(-2);
    expect(made.latency).toBe(null);
    answer();
    await clock.advance(50);
    answer();
    expect(made.latency).toBe(5);
    made.stop();
  });
});
