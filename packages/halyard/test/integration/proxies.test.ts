// SPDX-License-Identifier: Apache-2.0
// Sessions through proxies that do what they should; those that do not are in hostile/proxies.
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import type { CioOptions, TlsOptions } from "../../src/engines/cio/index.ts";
import { Js } from "../../src/engines/js/index.ts";
import {
  DefaultRequest,
  HttpClient,
  InvalidArgumentError,
  type ProxyInput,
  UnsupportedCapabilityError,
  WebSockets,
} from "../../src/index.ts";
import { certificates } from "../support/certificates.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { connectProxy, socks4Proxy, socks5Proxy } from "../support/forward-proxies.ts";
import {
  closeFrame,
  type HostileServer,
  hostileServer,
  type Peer,
  serverFrame,
} from "../support/hostile-server.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

const { ca, good, client: clientIdentity } = certificates();

async function echo(peer: Peer): Promise<void> {
  await peer.accept();
  const { payload } = await peer.frame();
  peer.write(serverFrame(1, payload));
  await peer.frame();
  peer.end(closeFrame(1000).toString("latin1"));
}

/** A server and a proxy before it, which tells what it was asked. */
async function pair(
  protocol: string,
  isTls: boolean,
): Promise<{ server: HostileServer; proxy: HostileServer; asked: string[] } & AsyncDisposable> {
  const server = await hostileServer(echo, isTls ? { tls: { ...good } } : {});
  const asked: string[] = [];
  const make = protocol.startsWith("socks4")
    ? socks4Proxy
    : protocol.startsWith("socks5")
      ? socks5Proxy
      : connectProxy;
  const proxy = await hostileServer(
    make(server.port, asked),
    protocol === "https" ? { tls: { ...good } } : {},
  );
  return {
    server,
    proxy,
    asked,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function exchangeThrough(options: CioOptions, request: Parameters<typeof open>[1]): Promise<void> {
  await using client = testClient({}, options);
  await open(client, request);
}

async function open(
  client: HttpClient<"WebSockets">,
  request: string | { url: string; proxy?: ProxyInput },
): Promise<void> {
  const session = await client.webSocketSession(request);
  await session.send("hello");
  expect(await session.incoming.receive()).toMatchObject({ type: "text" });
  expect((await session.close()).clean).toBe(true);
}

const authority = (user: string) => new RegExp(`Proxy-Authorization: Basic ${btoa(user)}\\r`);

describe.each([false, true])("with TLS to the server: %s", (isTls) => {
  const scheme = isTls ? "wss" : "ws";
  const tls: TlsOptions = isTls ? { ca } : {};

  test.each<[proxy: string, host: string, asked: RegExp]>([
    [
      "http://127.0.0.1",
      "localhost",
      /^CONNECT localhost:\d+ HTTP\/1\.1\r\nHost: localhost:\d+\r\nUser-Agent: halyard\r\n\r\n$/,
    ],
    ["http://u:p@127.0.0.1", "localhost", authority("u:p")],
    ["https://u:p@localhost", "localhost", authority("u:p")],
    ["http://127.0.0.1", "127.0.0.1", /^CONNECT 127\.0\.0\.1:\d+ /],
    ["socks4://127.0.0.1", "localhost", /^ 127\.0\.0\.1$/],
    ["socks4://u@127.0.0.1", "127.0.0.1", /^u 127\.0\.0\.1$/],
    ["socks4a://u@localhost", "localhost", /^u localhost$/],
    ["socks5://127.0.0.1", "localhost", /^127\.0\.0\.1$|^0(\.0){14}\.1$/],
    ["socks5h://127.0.0.1", "localhost", /^localhost$/],
    ["socks5h://u:p@127.0.0.1", "127.0.0.1", /^u p 127\.0\.0\.1$/],
    ["socks5://u:p@127.0.0.1", "localhost", /^u p [\d.]+$/],
  ])("%s leads to %s (PX-08)", async (address, host, expected) => {
    await using both = await pair(address.split(":")[0] ?? "", isTls);
    const proxy = `${address}:${both.proxy.port}`;
    await exchangeThrough({ proxy, proxyTls: { ca }, tls }, `${scheme}://${host}:${both.server.port}/`);
    expect(both.asked).toHaveLength(1);
    expect(both.asked[0]).toMatch(expected);
  });

  test("a name that only the proxy knows is asked of nobody else (PX-08)", async () => {
    for (const protocol of ["http", "socks4a", "socks5h"]) {
      await using both = await pair(protocol, isTls);
      const options = {
        proxy: `${protocol}://127.0.0.1:${both.proxy.port}`,
        tls: { ...tls, servername: "localhost" },
      };
      await exchangeThrough(options, `${scheme}://nowhere.invalid/`);
      expect(both.asked[0]).toContain("nowhere.invalid");
    }
  });
});

describe("TLS to the server is the same through a proxy (TL-02)", () => {
  test("its own certificate is shown to it, and the proxy's to the proxy", async () => {
    const asked: string[] = [];
    await using server = await hostileServer(echo, { tls: { ...good, requestCert: true, ca } });
    await using proxy = await hostileServer(connectProxy(server.port, asked), {
      tls: { ...good, requestCert: true, ca, rejectUnauthorized: false },
    });
    const options = {
      proxy: `https://localhost:${proxy.port}`,
      proxyTls: { ca },
      tls: { ca, ...clientIdentity },
    };
    await exchangeThrough(options, server.secureUrl);
    expect((server.peer.socket as TLSSocket).getPeerCertificate().subject).toMatchObject({
      CN: "a client",
    });
    expect(JSON.stringify((proxy.peer.socket as TLSSocket).getPeerCertificate())).not.toContain("a client");
    expect((server.peer.socket as TLSSocket).servername).toBe("localhost");
  });

  test("tickets shorten the second handshake, with the server and with the proxy", async () => {
    const reused: boolean[] = [];
    const note = (peer: Peer) => reused.push((peer.socket as TLSSocket).isSessionReused());
    await using server = await hostileServer((peer) => [note(peer), echo(peer)][1], { tls: { ...good } });
    await using proxy = await hostileServer((peer) => [note(peer), connectProxy(server.port, [])(peer)][1], {
      tls: { ...good },
    });
    await using client = testClient(
      {},
      { proxy: `https://localhost:${proxy.port}`, proxyTls: { ca }, tls: { ca } },
    );
    for (let round = 0; round < 2; round++) await open(client, server.secureUrl);
    expect(reused).toEqual([false, false, true, true]);
  });
});

describe("which proxy", () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  });

  test("is the environment's as it was when the engine was made, and not for this machine", async () => {
    await using both = await pair("http", false);
    process.env["all_proxy"] = `http://u:p@127.0.0.1:${both.proxy.port}`;
    await using client = testClient();
    delete process.env["all_proxy"];
    await open(client, "ws://example.test/");
    await open(client, both.server.url);
    expect(both.asked).toEqual([expect.stringMatching(/^CONNECT example\.test:80 [^]*Proxy-Authorization/)]);
  });

  test("is not the environment's for a Unix socket, or with proxy: false", async () => {
    process.env["all_proxy"] = "http://127.0.0.1:1";
    const options = { handshakeTimeout: 2_000 };
    await using client = testClient(options);
    const error = await rejection(
      client.webSocketSession({ url: "ws://example.test/", socketPath: "/nowhere" }),
    );
    expect(error).toMatchObject({ code: "ERR_HALYARD_CONNECTION", phase: "connect" });
    await using direct = testClient(options, { proxy: false });
    const directly = { code: "ERR_HALYARD_CONNECTION", phase: "dns" };
    expect(await rejection(direct.webSocketSession("ws://nowhere.invalid/"))).toMatchObject(directly);
    const request = { url: "ws://nowhere.invalid/", proxy: false } as const;
    expect(await rejection(client.webSocketSession(request))).toMatchObject(directly);
  });

  test("is the request's before the engine's; false is none", async () => {
    await using both = await pair("http", false);
    const proxy = `http://127.0.0.1:${both.proxy.port}`;
    await using client = testClient({}, { proxy: "http://127.0.0.1:1" });
    await open(client, { url: both.server.url, proxy });
    await open(client, { url: both.server.url, proxy: { url: proxy, headers: { "X-Ticket": "t" } } });
    await open(client, { url: both.server.url, proxy: false });
    expect(both.asked).toHaveLength(2);
    expect(both.asked[1]).toContain("\r\nX-Ticket: t\r\n");
    expect(both.asked[0]).not.toContain("X-Ticket");
  });

  test("may be a default of requests", async () => {
    await using both = await pair("http", false);
    await using client = testClient().install(DefaultRequest, {
      proxy: `http://127.0.0.1:${both.proxy.port}`,
    });
    await open(client, both.server.url);
    expect(both.asked).toHaveLength(1);
  });

  test("may be chosen anew at each attempt", async () => {
    await using both = await pair("http", false);
    const urls: string[] = [];
    const answers = [`http://127.0.0.1:${both.proxy.port}`, false, undefined] as const;
    const choose = (url: URL) => answers[urls.push(url.href) - 1];
    await using client = testClient({}, { proxy: choose });
    for (const _ of answers) await open(client, both.server.url);
    expect(urls).toEqual(Array(3).fill(both.server.url));
    expect(both.asked).toHaveLength(1);
  });

  test("cannot be chosen by a function that throws: nothing is connected", async () => {
    await using server = await hostileServer(() => undefined);
    const fault = new Error("no choice");
    await using client = testClient(
      {},
      {
        proxy: () => {
          throw fault;
        },
      },
    );
    expect(await rejection(client.webSocketSession(server.url))).toBe(fault);
    expect(server.peers).toHaveLength(0);
  });

  test("is refused by an engine that cannot choose, false as well", async () => {
    const engine = Js.create({ webSocket: class {} as never });
    await using client = new HttpClient(engine).install(WebSockets);
    for (const proxy of ["http://p", false] as const) {
      const error = await failure(
        client.webSocketSession({ url: "ws://h/", proxy }),
        UnsupportedCapabilityError,
      );
      expect(error.capability).toBe("proxies");
    }
  });

  test.each<
    [options: CioOptions, request: { proxy?: unknown; socketPath?: string; headers?: Record<string, string> }]
  >([
    [{}, { proxy: "ftp://secret" }],
    [{}, { proxy: { url: "http://p", secret: 1 } }],
    [{}, { proxy: null }],
    [{}, { proxy: "http://p", socketPath: "/s" }],
    [{ proxy: () => "secret://" }, {}],
    [{}, { headers: { "Proxy-Authorization": "secret" } }],
  ])("%j with %j is refused before anything is connected", async (options, request) => {
    await using client = testClient({}, options);
    const call = { url: "ws://127.0.0.1:1/", ...request } as { url: string };
    expect((await failure(client.webSocketSession(call), InvalidArgumentError)).message).not.toContain(
      "//secret",
    );
  });

  test.each([
    { proxy: "http://h/path" },
    { proxy: 5 },
    { proxyTls: { cas: "" } },
    { proxyTls: { cert: "none" } },
  ])("%j is refused when the engine is made", (options) => {
    expect(() => testClient({}, options as CioOptions)).toThrow(InvalidArgumentError);
  });
});
