// SPDX-License-Identifier: Apache-2.0
// A connection of HTTP/2 whose peer is silent does not stay.
import { expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { certificates } from "../support/certificates.ts";
import { testClient } from "../support/clients.ts";
import { CuttableLine } from "../support/cuttable-line.ts";
import { accept, http2Server } from "../support/http2-server.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";

checkLeaks();

/** A session that has ended, but nobody answers the end of its connection. */
async function endedInVain(clock?: VirtualClock) {
  const { ca, good } = certificates();
  const server = await http2Server(accept, { tls: good });
  const line = await new CuttableLine(Number(new URL(server.url).port)).listen();
  const client = testClient({ pingInterval: 0 }, { http2: "require", tls: { ca }, clock });
  const session = await client.webSocketSession(`wss://localhost:${line.port}/`);
  line.cut();
  session.cancel();
  await session.ended;
  await turns();
  const close = async () => {
    await line[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  };
  return { client, [Symbol.asyncDispose]: close };
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter((type) => type === "TCPSocketWrap").length;
}

test("a connection whose peer is silent is not waited for by client.close() (LC-08)", async () => {
  await using around = await endedInVain();
  const before = sockets();
  await around.client.close();
  await until(() => sockets() === before - 1, "the client has dropped the connection");
});

test("a connection whose peer is silent is dropped some seconds after its last session has ended (LC-08)", async () => {
  const clock = new VirtualClock();
  await using around = await endedInVain(clock);
  const before = sockets();
  await clock.advance(5_000);
  await until(() => sockets() === before - 1, "the client has dropped the connection");
  expect(clock.pending).toBe(0);
  await around.client.close();
});
