// SPDX-License-Identifier: Apache-2.0
// Plain HTTP through proxies: by the same ways as sessions, and never by another one.
import { afterEach, describe, expect, test, vi } from "vitest";
import type { CioOptions } from "../../src/engines/cio/index.ts";
import {
  ClientClosedError,
  ConnectionError,
  DefaultRequest,
  HttpRedirect,
  InvalidArgumentError,
  ProxyError,
} from "../../src/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { certificates } from "../support/certificates.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { connectProxy, socks4Proxy, socks5Proxy } from "../support/forward-proxies.ts";
import { hostileServer, type Peer } from "../support/hostile-server.ts";
import { httpServer, redirect } from "../support/http-server.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";

checkLeaks();

const { ca, good } = certificates();
const password = "p@ss:w/rd%";
const userInfo = `ann:${encodeURIComponent(password)}`;
const basic = `Proxy-Authorization: Basic ${btoa(`ann:${password}`)}\r\n`;

const before = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
});

/** A server that keeps its connections, and gets requests in one piece. */
function keeping(peer: Peer): void {
  peer.socket.on("data", () => peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
}

describe.each(["http", "https"])("to a server of %s", (scheme) => {
  test.each([
    ["http", connectProxy, basic],
    ["https", connectProxy, basic],
    ["socks5h", socks5Proxy, `ann ${password} localhost`],
    ["socks4a", socks4Proxy, "ann localhost"],
  ] as const)("by a proxy of %s, with credentials that are for it alone", async (protocol, script, told) => {
    await using server = await httpServer(() => "accept", scheme === "https" ? good : undefined);
    const asked: string[] = [];
    await using proxy = await hostileServer(
      script(server.port, asked),
      protocol === "https" ? { tls: { ...good } } : {},
    );
    const user = protocol === "socks4a" ? "ann" : userInfo;
    const options = { proxy: `${protocol}://${user}@localhost:${proxy.port}`, proxyTls: { ca }, tls: { ca } };
    await using client = testClient({}, options);
    const url = `${scheme}://localhost:${server.port}/a?b=c`;
    expect(await (await client.post({ url, body: "hello" })).text()).toBe("ok");
    expect(asked).toEqual([expect.stringContaining(told)]);
    expect(server.seen).toEqual([expect.objectContaining({ target: "/a?b=c", body: "hello" })]);
    expect(server.last.raw).not.toMatch(/proxy-/i);
  });
});

test("to a server of https by CONNECT, as every platform's fetch can", async () => {
  await using server = await httpServer(() => "accept", good);
  const asked: string[] = [];
  await using proxy = await hostileServer(connectProxy(server.port, asked));
  await using client = testClient({}, { proxy: `http://127.0.0.1:${proxy.port}`, tls: { ca } });
  expect(await (await client.get(`https://localhost:${server.port}/`)).text()).toBe("ok");
  expect(asked).toEqual([expect.stringMatching(/^CONNECT localhost:/)]);
});

test("to a server of http, which Bun and Deno would send to the proxy itself: there it is refused", async () => {
  await using proxy = await hostileServer(async (peer) => {
    await peer.request();
    peer.end("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
  });
  await using client = testClient({}, { proxy: `http://127.0.0.1:${proxy.port}` });
  const isNode = process.versions["bun"] === undefined && process.versions["deno"] === undefined;
  const code = isNode ? "ERR_HALYARD_PROXY" : "ERR_HALYARD_INVALID_ARGUMENT";
  expect(await rejection(client.get("http://example.test/"))).toMatchObject({ code });
  expect(proxy.peers).toHaveLength(isNode ? 1 : 0);
});

describe("which proxy", () => {
  test("is the environment's for http and https, but not for this machine and what NO_PROXY lists", async () => {
    await using server = await httpServer(() => "accept");
    const asked: string[] = [];
    await using proxy = await hostileServer(connectProxy(server.port, asked));
    process.env["http_proxy"] = `http://${userInfo}@127.0.0.1:${proxy.port}`;
    process.env["https_proxy"] = "http://127.0.0.1:1";
    process.env["ws_proxy"] = "http://127.0.0.1:1";
    process.env["no_proxy"] = "nowhere.invalid";
    await using client = testClient();
    expect(await (await client.get("http://example.test/")).text()).toBe("ok");
    expect(asked).toEqual([expect.stringMatching(/^CONNECT example\.test:80 /)]);
    await failure(client.get("https://example.test/"), ProxyError);
    expect(await (await client.get(server.http)).text()).toBe("ok");
    const direct = await failure(client.get("http://nowhere.invalid/"), ConnectionError);
    expect(direct).not.toBeInstanceOf(ProxyError);
    expect(asked).toHaveLength(1);
  });

  test("is the request's before the engine's and the default's; false is none", async () => {
    await using server = await httpServer(() => "accept");
    const asked: string[] = [];
    await using proxy = await hostileServer(connectProxy(server.port, asked));
    const address = `http://127.0.0.1:${proxy.port}`;
    await using client = testClient({}, { proxy: "http://127.0.0.1:1" });
    const ask = async (own: object) => (await client.get({ url: server.http, ...own })).text();
    await ask({ proxy: { url: address, headers: { "X-Ticket": "t" } } });
    expect(asked).toEqual([expect.stringContaining("\r\nX-Ticket: t\r\n")]);
    await ask({ proxy: false });
    expect(server.seen).toHaveLength(2);
    expect(server.last.raw).not.toContain("X-Ticket");
    const defaults = client.install(DefaultRequest, { proxy: address });
    await (await defaults.get(server.http)).text();
    expect(asked).toHaveLength(2);
    await failure(client.get(server.http), ProxyError);
  });

  test("may be chosen by a function, which is given the URL", async () => {
    await using server = await httpServer(() => "accept");
    const urls: string[] = [];
    const proxy = ({ href }: URL): false => {
      urls.push(href);
      return false;
    };
    await using client = testClient({}, { proxy });
    await (await client.get(`${server.http}/a`)).text();
    expect(urls).toEqual([`${server.http}/a`]);
  });

  test("of a request is that of every hop of a redirect, to other origins as well", async () => {
    await using second = await httpServer(() => "accept");
    await using first = await httpServer(() => redirect(`http://second.test:${second.port}/b`));
    const asked: string[] = [];
    await using proxy = await hostileServer((peer) =>
      connectProxy(asked.length === 0 ? first.port : second.port, asked)(peer),
    );
    await using client = testClient().install(HttpRedirect);
    const request = { url: "http://first.test/a", proxy: `http://127.0.0.1:${proxy.port}` };
    expect(await (await client.get(request)).text()).toBe("ok");
    expect(asked.map((head) => head.split(" ")[1])).toEqual(["first.test:80", `second.test:${second.port}`]);
  });

  test.each([{ proxy: "ftp://secret" }, { proxy: null }, { proxy: "http://p", socketPath: "/s" }])(
    "%j is refused before anything is connected",
    async (request) => {
      await using client = testClient();
      const call = { url: "http://127.0.0.1:1/", ...request } as { url: string };
      expect((await failure(client.get(call), InvalidArgumentError)).message).not.toContain("//secret");
    },
  );
});

describe("connections", () => {
  test("are kept for requests that go the same way with the same credentials", async () => {
    await using server = await hostileServer(keeping);
    const asked: string[] = [];
    await using proxy = await hostileServer(connectProxy(server.port, asked));
    await using client = testClient();
    const url = `http://127.0.0.1:${server.port}/`;
    const ask = async (user: string) =>
      (await client.get({ url, proxy: `http://${user}@127.0.0.1:${proxy.port}` })).text();
    for (const user of ["ann", "ann", "bob", "ann"]) {
      expect(await ask(user)).toBe("ok");
      await turns();
    }
    expect(server.peers).toHaveLength(2);
    // Of a hundred ways those that were not used for longest are given up, once nobody uses them.
    const others = await Promise.all(Array.from({ length: 120 }, (_, count) => ask(`user${count}`)));
    expect(others).toEqual(Array(120).fill("ok"));
    await until(() => server.peers.filter(({ isGone }) => isGone).length === 22, "22 connections are gone");
    expect(server.peers).toHaveLength(122);
    await client.close();
    await Promise.all([proxy.abandoned(), server.abandoned()]);
  });
});

describe("a proxy that fails is not passed by", () => {
  test("what it answers is its own, and shows no secret", async () => {
    await using server = await httpServer(() => "accept");
    await using proxy = await hostileServer(async (peer) => {
      await peer.request();
      peer.end("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
    });
    const address = `127.0.0.1:${proxy.port}`;
    await using client = testClient({}, { proxy: `http://${userInfo}@${address}` });
    const error = await failure(client.get(`${server.http}/?token=secret`), ProxyError);
    expect(error).toMatchObject({ status: 407, phase: "proxy", proxy: `http://${address}` });
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toMatch(/p@ss|p%40ss|token=/);
    expect(server.seen).toHaveLength(0);
  });

  test.each<[what: string, end: "deadline" | "close"]>([
    ["the client is closed", "close"],
    ["the request is over, and the client closed", "deadline"],
  ])("one that is silent is left when %s", async (_, end) => {
    await using proxy = await hostileServer(() => undefined);
    const client = testClient({}, { proxy: `http://127.0.0.1:${proxy.port}` });
    const asked = client.get({ url: "http://example.test/", timeout: end === "close" ? 5_000 : 100 });
    if (end === "close") {
      const outcome = failure(asked, ClientClosedError);
      await client.close();
      await outcome;
    } else {
      expect(await rejection(asked)).toMatchObject({ code: "ERR_HALYARD_TIMEOUT" });
      await client.close();
    }
    await proxy.abandoned();
  });

  test("one that is silent is left when nobody has waited for a minute", async () => {
    const clock = new VirtualClock();
    await using proxy = await hostileServer((peer) => peer.request());
    await using client = testClient({}, { clock, proxy: `http://127.0.0.1:${proxy.port}` });
    const controller = new AbortController();
    const asked = rejection(client.get({ url: "http://example.test/", signal: controller.signal }));
    await until(() => proxy.peers.length === 1 && proxy.peer.size > 0, "the proxy is asked");
    controller.abort(new Error("enough"));
    await asked;
    await clock.advance(59_999);
    expect(proxy.open).toBe(1);
    await clock.advance(1);
    await proxy.abandoned();
  });

  test("without undici the error says what to install, and nothing goes out directly", async () => {
    await using server = await httpServer(() => "accept");
    vi.doMock("undici", () => {
      throw new Error("it is not installed");
    });
    try {
      const options: CioOptions = { proxy: "http://127.0.0.1:1" };
      await using client = testClient({}, options);
      const { message } = await failure(client.get(server.http), InvalidArgumentError);
      expect(message).toMatch(/npm install undici/);
      expect(server.seen).toHaveLength(0);
      expect(await (await client.get({ url: server.http, proxy: false })).text()).toBe("ok");
    } finally {
      vi.doUnmock("undici");
    }
  });
});
