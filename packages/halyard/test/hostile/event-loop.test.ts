// SPDX-License-Identifier: Apache-2.0
// How much of the event loop one connection may take.
import { describe, expect, test } from "vitest";
import { concat, frame, ROLES, toRole } from "../protocol/support.ts";
import { checkLeaks, turn } from "../support/leaks.ts";
import { bye, closes } from "./cases/case.ts";
import { type Meeting, meet, meetings } from "./meeting.ts";
import { outcomeOf } from "./outcome.ts";

checkLeaks();

const total = 300_000;
/** About 10 ms of work. */
const mostInOneTurn = 4_000;

/** Receives so many messages, and gives how many of them came within one turn of the loop, at most. */
async function mostReceivedInOneTurn({ session }: Meeting): Promise<number> {
  let [count, before, most] = [0, 0, 0];
  const receiving = (async () => {
    while (count < total) {
      await session.incoming.receive();
      count++;
    }
  })();
  while (count < total) {
    await turn();
    most = Math.max(most, count - before);
    before = count;
  }
  await receiving;
  return most;
}

// A turn reads a socket up to 32 times, 64 KiB each, and the messages go to the program by promises, which let no
// other turn pass: neither timers nor other connections are served meanwhile.
describe.each(ROLES)("a %s that is flooded with tiny messages", (role) => {
  const flood = concat(Array<Uint8Array>(total).fill(toRole(role, "81 01 61")));

  test("MM-08: keeps its loop turning", async () => {
    await using met = await meet(role);
    met.peer.socket.write(flood);
    const most = await mostReceivedInOneTurn(met);
    met.peer.say(bye);
    expect(await outcomeOf(met)).toEqual(closes());
    expect(most).toBeLessThanOrEqual(mostInOneTurn);
  });

  test("MM-09: serves a quiet connection beside it", async () => {
    await using met = await meetings(role, 2);
    const [hot, quiet] = met.all;
    if (hot === undefined || quiet === undefined) throw new Error("two were asked for");
    hot.peer.socket.write(flood);
    const receiving = mostReceivedInOneTurn(hot);
    const passed: number[] = [];
    for (let number = 0; number < 5; number++) {
      quiet.peer.say(frame(0x89, Uint8Array.of(number)));
      for (let count = 1; quiet.peer.frames.length === number; count++) {
        await turn();
        passed[number] = count;
      }
    }
    expect(Math.max(...passed), "turns that a pong takes").toBeLessThan(50);
    expect(await receiving, "messages of the other one in a turn").toBeLessThanOrEqual(mostInOneTurn);
  });
});
