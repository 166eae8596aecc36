// SPDX-License-Identifier: Apache-2.0
// HTTP/2 through proxies: whose connection is shared, and what comes right behind the proxy's answer.
import { describe, expect, test } from "vitest";
import { testClient } from "../support/clients.ts";
import { connectProxy, socks5Proxy } from "../support/forward-proxies.ts";
import { hostileServer, type Peer } from "../support/hostile-server.ts";
import { accept, headersFrame, heard, http2Server, welcome } from "../support/http2-server.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

test("a connection is of one way: another proxy, other credentials, or none have one of their own", async () => {
  await using server = await http2Server(accept);
  const port = Number(new URL(server.url).port);
  const asked: string[] = [];
  await using first = await hostileServer(connectProxy(port, asked));
  await using second = await hostileServer(connectProxy(port, asked));
  await using client = testClient({}, { http2: "require" });
  const ways = [
    `http://127.0.0.1:${first.port}`,
    `http://127.0.0.1:${second.port}`,
    `http://ann:secret@127.0.0.1:${first.port}`,
    { url: `http://127.0.0.1:${first.port}`, headers: { "X-Ticket": "t" } },
    false,
  ] as const;
  const open = () => Promise.all(ways.map((proxy) => client.webSocketSession({ url: server.url, proxy })));
  const sessions = [...(await open()), ...(await open())];
  expect([first.peers.length, second.peers.length, asked.length]).toEqual([3, 1, 4]);
  expect(server.connections).toHaveLength(5);
  expect(server.streams).toHaveLength(10);
  await Promise.all(sessions.map((session) => session.close()));
});

/** An HTTP/2 server that has said its SETTINGS in one piece with what leads to it, and accepts one session. */
async function speakFirst(peer: Peer, answer: Uint8Array): Promise<void> {
  peer.write(Buffer.concat([answer, welcome()]));
  await heard(peer, "headers");
  peer.write(headersFrame(1, 200));
}

describe("what the server says in one piece with the proxy's answer", () => {
  test.each<[protocol: string, script: (peer: Peer) => Promise<void>]>([
    [
      "http",
      async (peer) => {
        await peer.request();
        await speakFirst(peer, Buffer.from("HTTP/1.1 200 OK\r\n\r\n"));
      },
    ],
    [
      "socks5h",
      async (peer) => {
        await peer.bytes(3);
        peer.write(Uint8Array.of(5, 0));
        await peer.bytes(4 + 1 + "server.test".length + 2);
        await speakFirst(peer, Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      },
    ],
  ])("%s: is the server's, and its end is the connection's", async (protocol, script) => {
    await using proxy = await hostileServer(script);
    await using client = testClient({}, { http2: "require", proxy: `${protocol}://127.0.0.1:${proxy.port}` });
    const session = await client.webSocketSession("ws://server.test/");
    expect(session.call.response.status).toBe(200);
    proxy.peer.end();
    expect((await session.ended).reason.code).toBe(1006);
    await proxy.abandoned();
  });
});

test("through SOCKS a server of HTTP/2 is the same as without", async () => {
  await using server = await http2Server(accept);
  const asked: string[] = [];
  await using proxy = await hostileServer(socks5Proxy(Number(new URL(server.url).port), asked));
  await using client = testClient({}, { http2: "require", proxy: `socks5h://u:p@127.0.0.1:${proxy.port}` });
  const session = await client.webSocketSession(server.url);
  expect((await session.close()).clean).toBe(true);
  expect(asked).toEqual(["u p 127.0.0.1"]);
});
