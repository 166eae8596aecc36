// SPDX-License-Identifier: Apache-2.0
// What is over is not kept in memory: sessions, and attempts that failed.

import { expect, test } from "vitest";
import { WebSocketServer } from "../../src/server/index.ts";
import { bareClient, clientFrame } from "../support/bare-client.ts";
import { rejection, testClient } from "../support/clients.ts";
import { collect } from "../support/collect.ts";
import { closeFrame, hostileServer, serverFrame } from "../support/hostile-server.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";

checkLeaks();

/** Waits until the collector has found all of them unreachable. */
async function areCollected(references: readonly WeakRef<object>[], what: string): Promise<void> {
  await turns();
  await until(() => {
    collect();
    return references.every((each) => each.deref() === undefined);
  }, what);
}

test.each([
  ["was closed", closeFrame(1000)],
  ["failed", Buffer.of(0x83, 0)],
])("MM-11: a client that lives on keeps nothing of a session that %s", async (_, end) => {
  await using server = await hostileServer(async (peer) => {
    await peer.accept(Buffer.concat([serverFrame(1, "a"), end]));
    await peer.frame();
    peer.end();
  });
  await using client = testClient();
  const references: WeakRef<object>[] = [];
  const run = async (): Promise<void> => {
    const session = await client.webSocketSession(server.url);
    references.push(new WeakRef(session), new WeakRef(await session.incoming.receive()));
    await session.ended;
  };
  for (let count = 0; count < 5; count++) await run();
  await areCollected(references, "nothing holds the sessions any more");
  expect(references).toHaveLength(10);
});

test.each([
  ["was closed", clientFrame(8, Uint8Array.of(3, 0xe8))],
  ["failed", clientFrame(3, "")],
])("MM-11: a server that lives on keeps nothing of a session that %s", async (_, end) => {
  const references: WeakRef<object>[] = [];
  const isOver: boolean[] = [];
  await using server = new WebSocketServer().webSocket("/", async (session) => {
    references.push(new WeakRef(session));
    await session.ended;
    isOver.push(true);
  });
  const { port } = await server.listen();
  const run = async (): Promise<void> => {
    await using client = await bareClient(port);
    await client.handshake();
    client.write(end);
    await client.end();
  };
  for (let count = 0; count < 5; count++) await run();
  await until(() => isOver.length === 5, "the end of all handlers");
  await areCollected(references, "nothing holds the sessions any more");
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
