// SPDX-License-Identifier: Apache-2.0
// What is over is not kept in memory: sessions, and attempts that failed.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { ROLES } from "../protocol/support.ts";
import { rejection, testClient } from "../support/clients.ts";
import { hostileServer } from "../support/hostile-server.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";
import { meet } from "./meeting.ts";
import { bye, outcomeOf } from "./outcome.ts";

checkLeaks();

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Waits until the collector has found all of them unreachable. */
async function areCollected(references: readonly WeakRef<object>[], what: string): Promise<void> {
  await turns();
  await until(() => {
    collect();
    return references.every((each) => each.deref() === undefined);
  }, what);
}

describe.each(ROLES)("a %s", (role) => {
  test.each([
    ["was closed", bye],
    ["failed", "83 00"],
  ])("MM-11: keeps nothing of a session that %s", async (_, end) => {
    const references: WeakRef<object>[] = [];
    const run = async (): Promise<void> => {
      await using met = await meet(role);
      met.peer.say("81 01 61", "82 01 62", end);
      references.push(new WeakRef(met.session), new WeakRef(await met.session.incoming.receive()));
      await outcomeOf(met);
    };
    for (let count = 0; count < 5; count++) await run();
    await areCollected(references, "nothing holds the sessions any more");
    expect(references).toHaveLength(10);
  });
});

test("MM-11: a client keeps nothing of attempts that failed, nor of what the application gave for them", async () => {
  await using server = await hostileServer((peer) => peer.end("nonsense"));
  await using client = testClient();
  const controller = new AbortController();
  const references: WeakRef<object>[] = [];
  const run = async (): Promise<void> => {
    const headers = { "X-Large": "x" };
    references.push(new WeakRef(headers));
    const error = await rejection(
      client.webSocketSession({ url: server.url, headers, signal: controller.signal }),
    );
    references.push(new WeakRef(error as Error));
  };
  for (let count = 0; count < 10; count++) await run();
  server.peers.length = 0;
  await areCollected(references, "nothing holds the attempts any more");
  expect(references).toHaveLength(20);
});
