// SPDX-License-Identifier: Apache-2.0
// Names and addresses: resolvers that stall, addresses that refuse or swallow, and what an error tells of those that were tried.
import dns from "node:dns";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ConnectionError, TimeoutError } from "../../src/index.ts";
import { blackHole } from "../support/black-hole.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { hostileServer, type Peer, unusedPort } from "../support/hostile-server.ts";
import { checkLeaks, turns, watchedController } from "../support/leaks.ts";

checkLeaks();
afterEach(() => {
  vi.restoreAllMocks();
});

type Answer = (error: Error | null, addresses?: { address: string; family: number }[]) => void;

/** Has every name resolved by a function. */
function resolveBy(resolve: (answer: Answer) => void): void {
  // The platform never answers within the call.
  const lookup = (_host: string, _options: object, answer: Answer) => setImmediate(resolve, answer);
  vi.spyOn(dns, "lookup").mockImplementation(lookup as never);
}

function resolveTo(...addresses: string[]): void {
  resolveBy((answer) =>
    answer(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    ),
  );
}

async function polite(peer: Peer): Promise<void> {
  await peer.accept();
  await peer.frame();
  peer.end("\x88\x02\x03\xe8");
}

describe("a resolver", () => {
  test("that is silent is waited for until the deadline, and what it says then opens nothing (NW-01)", async () => {
    await using server = await hostileServer(() => undefined);
    let late: Answer | undefined;
    resolveBy((answer) => (late = answer));
    await using client = testClient({ handshakeTimeout: 50 });
    const url = `ws://slow.test:${server.port}/`;
    expect(await failure(client.webSocketSession(url), TimeoutError)).toMatchObject({ phase: "dns", url });
    late?.(null, [{ address: "127.0.0.1", family: 4 }]);
    await turns();
    expect(server.peers).toHaveLength(0);
  });

  test("that is silent keeps no abort back, for a proxy that takes addresses as well (NW-01)", async () => {
    resolveBy(() => undefined);
    for (const options of [{}, { proxy: "socks5://127.0.0.1:1" }, { proxy: "http://slow.test" }]) {
      await using client = testClient({}, options);
      const controller = watchedController();
      const opening = rejection(
        client.webSocketSession({ url: "ws://slow.test/", signal: controller.signal }),
      );
      await turns();
      controller.abort("enough");
      expect(await opening).toBe("enough");
    }
  });

  test("that knows no address is told of, with none tried (NW-01)", async () => {
    resolveBy((answer) => answer(Object.assign(new Error("queryA ESERVFAIL"), { code: "ESERVFAIL" })));
    await using client = testClient();
    const error = await failure(client.webSocketSession("ws://broken.test/"), ConnectionError);
    expect(error).toMatchObject({ phase: "dns", addresses: [] });
  });
});

describe("of several addresses", () => {
  test("the next is tried when one refuses (NW-02)", async () => {
    await using server = await hostileServer(polite);
    resolveTo("127.0.0.2", "127.0.0.3", "127.0.0.1");
    await using client = testClient();
    const session = await client.webSocketSession(`ws://several.test:${server.port}/`);
    expect((await session.close()).clean).toBe(true);
  });

  test("the next is tried when one is a black hole, after addressTimeout (NW-02, NW-04)", async () => {
    await using server = await hostileServer(polite);
    await using hole = await blackHole("127.0.0.2", server.port);
    resolveTo("127.0.0.2", "127.0.0.1");
    await using client = testClient({}, { addressTimeout: 50 });
    const session = await client.webSocketSession(`ws://several.test:${hole.port}/`);
    expect((await session.close()).clean).toBe(true);
  });

  test("all are told of that were tried in vain, in order (NW-02, NW-03, LC-11)", async () => {
    const port = await unusedPort();
    await using hole = await blackHole("127.0.0.3", port);
    resolveTo("127.0.0.2", "127.0.0.3", "127.0.0.4");
    await using client = testClient({}, { addressTimeout: 50 });
    const error = await failure(client.webSocketSession(`ws://several.test:${hole.port}/`), ConnectionError);
    expect(error.addresses).toEqual([
      { address: "127.0.0.2", port, code: "ECONNREFUSED" },
      { address: "127.0.0.3", port, code: "ETIMEDOUT" },
      { address: "127.0.0.4", port, code: "ECONNREFUSED" },
    ]);
    expect(error).toMatchObject({ phase: "connect" });
    for (const { address } of error.addresses) expect(error.message).toContain(address);
  });

  test("of a proxy, all are told of as well (NW-02, PX-04)", async () => {
    const port = await unusedPort();
    resolveTo("127.0.0.2", "127.0.0.3");
    await using client = testClient({}, { proxy: `http://several.test:${port}` });
    const error = await rejection(client.webSocketSession("ws://127.0.0.1:1/"));
    const addresses = ["127.0.0.2", "127.0.0.3"].map((address) => ({ address, port, code: "ECONNREFUSED" }));
    expect(error).toMatchObject({ code: "ERR_HALYARD_PROXY", addresses, cause: { addresses } });
  });
});

test("the one address of a URL is told of, and the path of a Unix socket (NW-03)", async () => {
  const port = await unusedPort();
  await using client = testClient();
  const refused = await failure(client.webSocketSession(`ws://127.0.0.1:${port}/`), ConnectionError);
  expect(refused.addresses).toEqual([{ address: "127.0.0.1", port, code: "ECONNREFUSED" }]);
  const missing = await failure(
    client.webSocketSession({ url: "ws://h/", socketPath: "/nowhere" }),
    ConnectionError,
  );
  expect(missing.addresses).toEqual([{ address: "/nowhere", port: undefined, code: "ENOENT" }]);
});

test("a connection that stood and was lost has no address to tell of", async () => {
  await using server = await hostileServer((peer) => peer.request().then(() => peer.reset()));
  await using client = testClient();
  const error = await failure(client.webSocketSession(server.url), ConnectionError);
  expect(error).toMatchObject({ phase: "upgrade", addresses: [] });
});

test.each([
  ["host", "connect"],
  ["proxy", "proxy"],
])("a %s that swallows what it gets is left at the deadline (NW-04)", async (who, phase) => {
  await using hole = await blackHole();
  const address = `127.0.0.1:${hole.port}`;
  await using client = testClient(
    { handshakeTimeout: 100 },
    { proxy: who === "proxy" && `http://${address}` },
  );
  const error = await failure(client.webSocketSession(`ws://${address}/`), TimeoutError);
  expect(error).toMatchObject({ phase, milliseconds: 100, url: `ws://${address}/` });
});
