// SPDX-License-Identifier: Apache-2.0
// What one attempt to open a connection leaves for the next, and for the session: nothing.
import { expect, test } from "vitest";
import { HalyardError, HandshakeError, HttpRedirect, type PluginInstance } from "../../src/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";
import { certificates } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import {
  type HostileOptions,
  hostileServer,
  type Peer,
  type Script,
  serverFrame,
} from "../support/hostile-server.ts";
import { checkLeaks, turns, until, watchedController } from "../support/leaks.ts";

checkLeaks();

const { ca, good } = certificates();

/** Refuses, and would go on with the connection: the answer has a length, and nobody says that it is the last. */
async function refuse(peer: Peer): Promise<void> {
  await peer.request();
  peer.write("HTTP/1.1 503 Busy\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
}

test.each<[what: string, script: Script, tls?: HostileOptions["tls"]]>([
  ["is refused", refuse],
  ["is refused behind TLS", refuse, good],
  ["is agreed to with a wrong accept", (peer) => peer.write("HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n")],
  [
    "is agreed to with what was not offered",
    (peer) => peer.accept(undefined, "Sec-WebSocket-Protocol: a\r\n"),
  ],
  ["is answered with garbage", (peer) => peer.write("\0\0")],
  ["is never answered", () => undefined],
])("a handshake that %s leaves no connection behind its error (HS-17)", async (_, script, tls) => {
  await using server = await hostileServer(script, tls === undefined ? {} : { tls });
  await using client = testClient({ handshakeTimeout: 200 }, { tls: { ca } });
  await failure(client.webSocketSession(tls === undefined ? server.url : server.secureUrl), HalyardError);
  // Before the client is closed, which would end it as well.
  await server.abandoned();
});

test("a connection that was refused is never used again, though the server would (HS-23)", async () => {
  const requests: string[] = [];
  await using server = await hostileServer(async (peer) => {
    requests.push(await peer.request());
    peer.write("HTTP/1.1 503 Busy\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
    peer.socket.on("data", () => requests.push("on the same connection"));
  });
  await using client = testClient();
  for (let time = 0; time < 3; time++) await failure(client.webSocketSession(server.url), HandshakeError);
  expect(server.peers).toHaveLength(3);
  expect(requests).toHaveLength(3);
  expect(requests).not.toContain("on the same connection");
});

test("each request has a key of its own, of 16 bytes, also one that is sent again (HS-21)", async () => {
  const keys: string[] = [];
  await using server = await hostileServer(async (peer) => {
    const [, key = ""] = /^Sec-WebSocket-Key: (.*)\r$/m.exec(await peer.request()) ?? [];
    keys.push(key);
    peer.write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  });
  const again: PluginInstance = {
    intercept: async (request, send) => {
      await send(request);
      return await send(request);
    },
  };
  await using client = testClient().install({ name: "Again", prepare: () => again });
  for (let time = 0; time < 5; time++) await failure(client.webSocketSession(server.url), HandshakeError);
  expect(new Set(keys).size).toBe(10);
  expect(keys.map((key) => Buffer.from(key, "base64").length)).toEqual(keys.map(() => 16));
});

test.each<[what: string, tls: boolean]>([
  ["TCP stands", false],
  ["TLS is waited for", true],
])("a handshake behind one that was refused is given up at an abort: %s (HS-17)", async (_, tls) => {
  await using silent = await hostileServer(() => undefined);
  const there = tls ? silent.url.replace("ws:", "wss:") : silent.url;
  await using server = await hostileServer(async (peer) => {
    await peer.request();
    peer.write(`HTTP/1.1 302 Found\r\nLocation: ${there}\r\nContent-Length: 0\r\n\r\n`);
  });
  await using client = testClient().install(HttpRedirect);
  const controller = watchedController();
  const opening = client.webSocketSession({ url: server.url, signal: controller.signal });
  await until(() => (silent.peers[0]?.received.length ?? 0) > 0, "the second handshake has begun");
  await server.abandoned();
  await turns();
  controller.abort(new Error("enough"));
  await failure(opening, Error);
  // Before the client is closed, which would end it as well.
  await silent.abandoned();
});

test("the bound of the handshake ends with it: a session lives for hours (HS-22)", async () => {
  const clock = new VirtualClock();
  await using server = await hostileServer((peer) => peer.accept());
  await using client = testClient({ handshakeTimeout: 100, pingInterval: 0 }, { clock });
  const session = await client.webSocketSession({ url: server.url, timeout: 50 });
  expect(clock.pending).toBe(0);
  await clock.advance(24 * 60 * 60 * 1_000);
  server.peer.write(serverFrame(1, "still here"));
  expect((await session.incoming.receive()).data).toHaveLength("still here".length);
  session.cancel();
});
