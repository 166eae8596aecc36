// SPDX-License-Identifier: Apache-2.0
// One side does not read, or does not answer, in either role; messages in both directions are in
// ../integration/backpressure.test.ts.
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { bounded, PingTimeoutError } from "../../src/index.ts";
import { bytesOf, concat, frame, ROLES, toRole } from "../protocol/support.ts";
import { failure, rejection } from "../support/clients.ts";
import { checkLeaks, turn, until, watchedController } from "../support/leaks.ts";
import { bye } from "./cases/case.ts";
import { meet } from "./meeting.ts";
import { drain, outcomeOf } from "./outcome.ts";
import type { HostilePeer } from "./peer.ts";

checkLeaks();

const MiB = 2 ** 20;
/** What the kernel may hold of a loopback connection, on both sides, with some to spare. */
const kernelBytes = 24 * MiB;

/** Turns until no more has left the peer for a while. */
async function stopped(peer: HostilePeer): Promise<number> {
  let last = -1;
  for (let unchanged = 0; unchanged < 200; unchanged++) {
    await turn();
    const sent = (peer.socket as Socket).bytesWritten - peer.socket.writableLength;
    if (sent === last) continue;
    last = sent;
    unchanged = 0;
  }
  return last;
}

describe.each(ROLES)("the program of a %s", { timeout: 20_000 }, (role) => {
  test.each([
    ["large messages", frame(0x82, new Uint8Array(60_000)), 1],
    ["messages of one byte", bytesOf("81 01 61"), 10_000],
  ])("MM-05: reads nothing of %s: the peer is stopped, and nothing is lost", async (_, each, times) => {
    await using met = await meet(role);
    const { session, peer } = met;
    const chunk = concat(Array<Uint8Array>(times).fill(toRole(role, each)));
    const chunks = Math.ceil((2 * kernelBytes) / chunk.length);
    let poured = 0;
    let isEnough = false;
    const pouring = peer.pour(
      (function* () {
        for (; poured < chunks && !isEnough; poured++) yield chunk;
      })(),
    );
    const sent = await stopped(peer);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(kernelBytes);
    // It is woken by nothing but its reader; then all comes.
    isEnough = true;
    let count = 0;
    const reading = (async () => {
      for await (const frame of session.incoming) count += frame.data.length >= 0 ? 1 : 0;
    })();
    await pouring;
    peer.say(bye);
    const outcome = await outcomeOf(
      met,
      reading.then(() => ["end"]),
    );
    expect(outcome).toMatchObject({ clean: true, reason: 1000 });
    expect(count).toBe(poured * times);
  });

  test("MM-06: reads nothing for long, so the peer's pongs are not seen: the peer is not blamed for that", async () => {
    await using met = await meet(role, {
      pingInterval: 10,
      pingTimeout: 10,
      channels: { incoming: bounded({ messages: 1 }) },
    });
    const { session, peer } = met;
    peer.say("81 01 61", "81 01 62", "81 01 63");
    // Ten intervals at least have passed then, and the peer has said nothing.
    await peer.hears(10);
    expect(session.signal.aborted).toBe(false);
    const all = drain(met);
    await until(() => peer.isToldToClose, "the reader has made room, so that the peer's silence counts");
    expect(await all).toEqual(["text 61", "text 62", "text 63", "PingTimeoutError"]);
    const { reason, error } = await session.ended;
    expect(reason.code).toBe(1011);
    expect(error).toBeInstanceOf(PingTimeoutError);
  });
});

describe.each(ROLES)("the peer of a %s", { timeout: 20_000 }, (role) => {
  test("MM-07: reads nothing: send waits, what waits is bounded, and an abort drops that message alone", async () => {
    await using met = await meet(role, { channels: { outgoing: bounded({ bytes: MiB }) } });
    const { session, peer } = met;
    peer.socket.pause();
    const accepted: number[] = [];
    const controller = watchedController();
    let waiting: Promise<void> | undefined;
    for (let number = 0; waiting === undefined; number++) {
      expect(number * MiB).toBeLessThan(kernelBytes);
      const sending = session.send(new Uint8Array(MiB).fill(number), { signal: controller.signal });
      let isAccepted = false;
      void sending.then(
        () => (isAccepted = true),
        () => undefined,
      );
      for (let passed = 0; passed < 50 && !isAccepted; passed++) await turn();
      if (isAccepted) accepted.push(number);
      else waiting = sending;
    }
    const later = session.send(Uint8Array.of(99));
    const given = rejection(waiting);
    controller.abort("no patience");
    expect(await given).toBe("no patience");
    peer.socket.resume();
    await later;
    await until(() => peer.frames.at(-1)?.payload.length === 1, "the last message");
    expect(peer.frames.map(({ payload }) => payload[0])).toEqual([...accepted, 99]);
    peer.say(bye);
    expect(await outcomeOf(met)).toMatchObject({ clean: true });
  });

  test("MM-07: reads nothing: cancel() frees all that waits", async () => {
    await using met = await meet(role);
    met.peer.socket.pause();
    const sends = Array.from({ length: 64 }, () => met.session.send(new Uint8Array(MiB)));
    const flushing = failure(met.session.flush(), Error);
    const settled = Promise.allSettled(sends);
    await turn();
    met.session.cancel(new Error("enough"));
    expect(await flushing).toMatchObject({ message: "enough" });
    expect((await settled).filter(({ status }) => status === "rejected").length).toBeGreaterThan(30);
    expect((await met.session.ended).unsent).toBeGreaterThan(30);
  });
});
