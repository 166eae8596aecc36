// SPDX-License-Identifier: Apache-2.0
// How the engine connects: Unix sockets, options of TCP, the limit of connections, and its own end (NW-03, UX-01).
import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { Cio } from "../../src/engines/cio/index.ts";
import { ClientClosedError, ConnectionError, HttpClient, TimeoutError, WebSockets } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { closeFrame, hostileServer, type Peer } from "../support/hostile-server.ts";
import { checkLeaks, turns, until, watchedController } from "../support/leaks.ts";
import { socketPath } from "../support/socket-path.ts";

checkLeaks();

async function polite(peer: Peer): Promise<void> {
  await peer.accept();
  await peer.frame();
  peer.end(closeFrame(1000).toString("latin1"));
}

describe("a Unix socket (UX-01)", () => {
  test("carries a session; the URL says what is asked for", async () => {
    await using path = await socketPath();
    await using server = new WebSocketServer().webSocket("/echo", async (session) => {
      expect(session.call.request.url.href).toBe("ws://example.test/echo?a=b");
      for await (const frame of session.incoming) await session.send(frame);
    });
    expect(await server.listen({ socketPath: path.name })).toEqual({ url: "ws://localhost", port: 0 });
    await using client = testClient();
    const request = { url: "ws://example.test/echo?a=b", socketPath: path.name };
    const data = await client.webSocket(request, async (session) => {
      await session.send(Uint8Array.of(1, 2, 3));
      return (await session.incoming.receive()).data;
    });
    expect([...data]).toEqual([1, 2, 3]);
  });

  test.each<[what: string, name: (path: string) => string | Promise<string>, code: RegExp]>([
    ["that does not exist", (path) => path, /ENOENT/],
    ["that is a file", (path) => writeFile(path, "").then(() => path), /ECONNREFUSED/],
  ])("%s is a ConnectionError, and no way to TCP", async (_, name, code) => {
    await using path = await socketPath();
    await using server = await hostileServer(() => undefined);
    await using client = testClient();
    const request = { url: server.url, socketPath: await name(path.name) };
    const error = await failure(client.webSocketSession(request), ConnectionError);
    expect(error).toMatchObject({ phase: "connect", url: server.url, cause: expect.any(Error) as Error });
    expect(error.message).toMatch(code);
    expect(error.message).toContain(path.name);
    expect(server.peers).toHaveLength(0);
  });
});

test.each([
  { noDelay: true, keepAlive: 0 },
  { noDelay: false, keepAlive: 5_000 },
  { keepAlive: 1 },
  { addressTimeout: 0.5 },
])("TCP options %j are taken", async (options) => {
  await using server = await hostileServer(polite);
  await using client = testClient({}, options);
  const session = await client.webSocketSession(`ws://localhost:${server.port}/`);
  expect((await session.close()).clean).toBe(true);
});

describe("maxConnections", () => {
  test("makes more wait, in order, until one ends, in whichever way", async () => {
    const targets: string[] = [];
    await using server = await hostileServer(async (peer) => {
      const request = await peer.request();
      targets.push(request.split(" ")[1] ?? "");
      if (request.includes("/refused")) peer.end("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
      else if (request.includes("/reset")) await peer.reset();
    });
    await using client = testClient({}, { maxConnections: 1 });
    const first = new AbortController();
    const opening = rejection(client.webSocketSession({ url: `${server.url}silent`, signal: first.signal }));
    const others = ["refused", "reset", "refused2", "refused3"].map((path) =>
      rejection(client.webSocketSession(server.url + path)),
    );
    await until(() => targets.length === 1, "the first request");
    await turns();
    expect(server.peers).toHaveLength(1);
    first.abort("enough");
    expect(await opening).toBe("enough");
    await Promise.all(others);
    expect(targets).toEqual(["/silent", "/refused", "/reset", "/refused2", "/refused3"]);
  });

  test("lets a waiting one be given up, by signal and by deadline", async () => {
    await using server = await hostileServer(polite);
    await using client = testClient({}, { maxConnections: 1 });
    const session = await client.webSocketSession(server.url);
    const controller = watchedController();
    const aborted = rejection(client.webSocketSession({ url: server.url, signal: controller.signal }));
    const late = failure(client.webSocketSession({ url: server.url, timeout: 30 }), TimeoutError);
    controller.abort("enough");
    expect(await aborted).toBe("enough");
    expect(await late).toMatchObject({ phase: undefined, milliseconds: 30 });
    await session.close();
    expect((await (await client.webSocketSession(server.url)).close()).clean).toBe(true);
    expect(server.peers).toHaveLength(2);
  });

  test("does not count those that were refused by the network", async () => {
    await using server = await hostileServer(polite);
    await using client = testClient({}, { maxConnections: 1 });
    for (let count = 0; count < 3; count++) {
      await failure(client.webSocketSession("ws://127.0.0.1:1/"), ConnectionError);
    }
    expect((await (await client.webSocketSession(server.url)).close()).clean).toBe(true);
  });
});

describe("an engine of one's own", () => {
  test("outlives its clients, and drops their connections when it is closed", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    const engine = Cio.create();
    const client = new HttpClient(engine).install(WebSockets, { closeTimeout: 30 });
    await client.close();
    await using another = new HttpClient(engine).install(WebSockets);
    const session = await another.webSocketSession(server.url);
    await engine.close();
    expect(await session.ended).toMatchObject({ clean: false, reason: { code: 1006 } });
    expect(engine.close()).toBe(engine.close());
    await failure(another.webSocketSession(server.url), ClientClosedError);
  });

  test("closed while it connects it leaves nothing, at each of the first turns", async () => {
    for (let count = 0; count < 6; count++) {
      await using server = await hostileServer((peer) => peer.gone());
      const engine = Cio.create();
      await using client = new HttpClient(engine).install(WebSockets, { handshakeTimeout: 1_000 });
      const opening = rejection(client.webSocketSession(`ws://localhost:${server.port}/`));
      for (let passed = 0; passed < count; passed++) await turns();
      await engine.close();
      expect(await opening).toBeInstanceOf(Error);
    }
  });
});

test("a thousand attempts that fail leave nothing (LC-09)", async () => {
  await using server = await hostileServer((peer) => peer.end("nonsense"));
  await using client = testClient();
  for (let count = 0; count < 50; count++) {
    await Promise.all(Array.from({ length: 20 }, () => rejection(client.webSocketSession(server.url))));
  }
  expect(server.peers).toHaveLength(1000);
});
