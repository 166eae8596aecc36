// SPDX-License-Identifier: Apache-2.0
// Time: peers that fall silent, clocks that jump, a process that was suspended or busy.
import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { describe, expect, test, vi } from "vitest";
import { PingTimeoutError, type WebSockets } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";
import { frame, ROLES } from "../protocol/support.ts";
import { testClient } from "../support/clients.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";
import { type Meeting, type MeetingOptions, meet } from "./meeting.ts";

checkLeaks();

const calm = { pingInterval: 1_000, pingTimeout: 500 };

/** A meeting in virtual time, and how that passes: what is sent meanwhile arrives. */
async function meetInTime(role: (typeof ROLES)[number], options: MeetingOptions = calm) {
  const clock = new VirtualClock();
  const met = await meet(role, { ...options, clock });
  const arrive = async () => {
    // Some platforms take more turns than others.
    for (let count = 0; count < 10; count++) await turns();
  };
  const pass = async (milliseconds: number) => {
    await arrive();
    await clock.advance(milliseconds);
    await arrive();
  };
  return { ...met, clock, pass, [Symbol.asyncDispose]: () => met[Symbol.asyncDispose]() };
}

function pings({ peer }: Meeting) {
  return peer.frames.filter(({ first }) => first === 0x89);
}

/** The pong to the newest ping. */
function answer(met: Meeting): void {
  met.peer.say(frame(0x8a, pings(met).at(-1)?.payload ?? ""));
}

describe.each(ROLES)("a %s", (role) => {
  test("KA-01: gives up a peer that says nothing, within interval and timeout", async () => {
    await using met = await meetInTime(role);
    await met.pass(1_000);
    expect(pings(met)).toHaveLength(1);
    await met.pass(499);
    expect(met.session.signal.aborted).toBe(false);
    await met.pass(1);
    expect(await met.session.ended).toMatchObject({ clean: false, reason: { code: 1011 } });
    expect((await met.session.ended).error).toBeInstanceOf(PingTimeoutError);
    await until(() => met.peer.isGone || met.peer.hasEnded, "the end of the connection");
  });

  test("KA-02: waits through an outage that is shorter, and nothing is lost by it", async () => {
    await using met = await meetInTime(role);
    const { session, peer } = met;
    peer.socket.pause();
    await met.pass(1_499);
    await session.send("kept");
    peer.socket.resume();
    await peer.hears(2);
    answer(met);
    await met.pass(700);
    expect(session.signal.aborted).toBe(false);
    expect(peer.frames.map(({ payload }) => String(payload))).toContain("kept");
  });

  test("KA-03: takes no pong but the right one for an answer, and any byte for a sign of life", async () => {
    await using met = await meetInTime(role);
    const { session, peer } = met;
    peer.say(frame(0x8a, "00 00 00 01"), frame(0x8a, ""));
    await met.pass(1_010);
    peer.say(frame(0x8a, "07"), frame(0x8a, "00 00 00 02"));
    await met.pass(500);
    expect([session.signal.aborted, session.latency]).toEqual([false, null]);
    await met.pass(500);
    answer(met);
    answer(met);
    await until(() => session.latency !== null, "the pong");
    expect(session.latency).toBe(10);
    peer.say("88 02 03 e8", frame(0x8a, "01"));
    await peer.isTold();
    peer.socket.end();
    expect(await session.ended).toMatchObject({ clean: true, reason: { code: 1000 } });
  });

  test("KA-04: blames nobody for the time in which it was suspended, and asks again", async () => {
    await using met = await meetInTime(role);
    const { session, clock } = met;
    await met.pass(1_200);
    await clock.freeze(3_600_000);
    await met.pass(1_000);
    expect(session.signal.aborted).toBe(false);
    expect(pings(met).length).toBeGreaterThan(1);
    await met.pass(1_500);
    expect((await session.ended).error).toBeInstanceOf(PingTimeoutError);
  });

  test("KA-05: takes no notice of a wall clock that jumps", async () => {
    await using met = await meet(role, { pingInterval: 20, pingTimeout: 2_000 });
    const { session, peer } = met;
    try {
      for (const year of [1970, 2100, 2001]) {
        vi.useFakeTimers({ toFake: ["Date"], now: new Date(`${year}-01-01`) });
        const before = pings(met).length;
        await until(() => pings(met).length > before, "the next ping");
        answer(met);
        await turns();
      }
      expect(session.latency).toBeLessThan(2_000);
      expect(session.latency).toBeGreaterThanOrEqual(0);
      const closing = session.close();
      await peer.isTold();
      peer.say("88 02 03 e8");
      peer.socket.end();
      expect(await closing).toMatchObject({ clean: true });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("KA-06: a process that is busy finds the pong that has come meanwhile", () => {
  /** A thread in which `ws` answers pings by itself. */
  const thread = `
    const { parentPort, workerData } = require("node:worker_threads");
    const { WebSocket, WebSocketServer } = require(workerData.ws);
    if (workerData.url === undefined) {
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1" }, () => parentPort.postMessage(server.address().port));
    } else new WebSocket(workerData.url);
  `;
  const ws = createRequire(import.meta.url).resolve("ws");
  const quick: WebSockets.Config = { pingInterval: 20, pingTimeout: 50 };

  /** Far longer than the timeout, and less than what counts as a freeze. */
  function blocked(): void {
    const end = performance.now() + 300;
    while (performance.now() < end) continue;
  }

  async function survives(session: { readonly signal: AbortSignal }): Promise<void> {
    for (let count = 0; count < 5; count++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      blocked();
    }
    await turns();
    expect(session.signal.aborted).toBe(false);
  }

  test("as a client", async () => {
    const worker = new Worker(thread, { eval: true, workerData: { ws } });
    try {
      const [port] = (await once(worker, "message")) as [number];
      await using client = testClient(quick);
      await client.webSocket(`ws://127.0.0.1:${port}/`, survives);
    } finally {
      await worker.terminate();
    }
  });

  test("as a server", async () => {
    let outcome: Promise<void> | undefined;
    await using server = new WebSocketServer(quick).webSocket("/", async (session) => {
      outcome = survives(session);
      await outcome;
    });
    const { url } = await server.listen();
    const worker = new Worker(thread, { eval: true, workerData: { ws, url } });
    try {
      await until(() => outcome !== undefined, "the session");
      await outcome;
    } finally {
      await worker.terminate();
    }
  });
});
