// SPDX-License-Identifier: Apache-2.0
// Proxies that refuse, lie, stall or break. Those that do what they should are in ../integration/proxies.test.ts.
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { CioOptions } from "../../src/engines/cio/index.ts";
import { HandshakeError, ProxyError, TimeoutError, TlsError } from "../../src/index.ts";
import { certificates, type Identity } from "../support/certificates.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { connectProxy, socks5Proxy } from "../support/forward-proxies.ts";
import { hostileServer, type Peer, type Script, unusedPort } from "../support/hostile-server.ts";
import { checkLeaks, turns, watchedController } from "../support/leaks.ts";

checkLeaks();

const trusted = certificates();
const { ca, good } = trusted;
const secret = "s3cr3t-p4ss";
const chunk = Buffer.alloc(16_384, "a");

/** Asks a proxy that does what a script says for the way to a server that is not there. */
async function through<E extends Error>(
  script: Script,
  type: abstract new (...args: never[]) => E,
  { scheme = "http", url = "ws://server.invalid/", timeout = 5_000, options = {} as CioOptions } = {},
): Promise<{ error: E; port: number }> {
  await using proxy = await hostileServer(script);
  await using client = testClient(
    { handshakeTimeout: timeout },
    {
      proxy: `${scheme}://user:${secret}@127.0.0.1:${proxy.port}`,
      ...options,
    },
  );
  const error = await failure(client.webSocketSession(url), type);
  await proxy.abandoned();
  expect(proxy.peers).toHaveLength(1);
  return { error, port: proxy.port };
}

/** An endless sequence of the same. */
function* forever<T>(value: T): Generator<T> {
  while (true) yield value;
}

describe("PX-01: what a proxy answers instead of a way is a ProxyError of its own", () => {
  test.each<[what: string, script: (peer: Peer) => unknown, status: number | undefined, message: RegExp]>([
    [
      "407",
      (peer) => peer.write("HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\n"),
      407,
      /wants credentials/,
    ],
    ["403", (peer) => peer.write("HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\n"), 403, /certain ports/],
    ["503 and the end", (peer) => peer.end("HTTP/1.1 503 No\r\n\r\n"), 503, /status 503/],
    [
      "a redirect",
      (peer) => peer.write("HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
      302,
      /status 302/,
    ],
    [
      "an agreement",
      (peer) => peer.write("HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\n\r\n"),
      101,
      /status 101/,
    ],
    ["garbage", (peer) => peer.write("\0\x01garbage"), undefined, /not HTTP/],
    ["SOCKS", (peer) => peer.write("\x05\0"), undefined, /not HTTP/],
    ["FIN", (peer) => peer.end(), undefined, /ended the connection/],
    ["FIN inside of the head", (peer) => peer.end("HTTP/1.1 200 OK\r\nA"), undefined, /ended the connection/],
    ["RST", (peer) => peer.reset(), undefined, /ECONNRESET/],
    ["RST inside of the head", (peer) => (peer.write("HTTP/1.1 20"), peer.reset()), undefined, /ECONNRESET/],
    [
      "an endless line",
      (peer) => (peer.write("HTTP/1.1 200 OK\r\nA: "), peer.pour(forever(chunk))),
      200,
      /8192/,
    ],
    [
      "an endless refusal",
      (peer) => (peer.write("HTTP/1.1 500 No\r\n\r\n"), peer.pour(forever(chunk))),
      500,
      /500/,
    ],
    [
      "endless headers",
      (peer) => (peer.write("HTTP/1.1 200 OK\r\n"), peer.pour(forever(Buffer.from("A: b\r\n")))),
      200,
      /128/,
    ],
    [
      "endless interim answers",
      (peer) => peer.pour(forever(Buffer.from("HTTP/1.1 100 On\r\n\r\n"))),
      undefined,
      /16/,
    ],
  ])("%s", async (_, script, status, message) => {
    const { error, port } = await through((peer) => peer.request().then(() => script(peer)), ProxyError);
    const safe = `http://127.0.0.1:${port}`;
    expect(error).toMatchObject({
      code: "ERR_HALYARD_PROXY",
      phase: "proxy",
      proxy: safe,
      url: "ws://server.invalid/",
      status,
    });
    expect(error).not.toBeInstanceOf(HandshakeError);
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(`the proxy ${safe} did not lead to ws://server.invalid/: `)).toBe(true);
    expect(error.headers?.has("proxy-authenticate") ?? false).toBe(status === 407);
  });

  test("answered before anything was asked is no agreement with the server", async () => {
    const early =
      "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    const { error } = await through((peer) => peer.write(early), HandshakeError);
    expect(error.message).toMatch(/Sec-WebSocket-Accept/i);
  });
});

describe("PX-02: a proxy that does not come to an end is left at the deadline, and its connection ended", () => {
  test.each<[what: string, scheme: string, script: Script]>([
    ["silence", "http", () => undefined],
    ["silence", "socks5h", () => undefined],
    ["silence after the method", "socks5h", (peer) => peer.bytes(4).then(() => peer.write("\x05\x02"))],
    ["half of a reply", "socks5h", (peer) => peer.bytes(4).then(() => peer.write("\x05"))],
    ["a head byte by byte", "http", (peer) => peer.request().then(() => dripHead(peer))],
    [
      "an interim answer alone",
      "http",
      (peer) => peer.request().then(() => peer.write("HTTP/1.1 100 On\r\n\r\n")),
    ],
  ])("%s, %s", async (_, scheme, script) => {
    const options = { answerLimits: { maxLineSize: 2 ** 30, maxHeadSize: 2 ** 30 } };
    const { error } = await through(script, TimeoutError, { scheme, timeout: 300, options });
    expect(error).toMatchObject({ phase: "proxy", milliseconds: 300, url: "ws://server.invalid/" });
  });

  test.each(["http", "https", "socks5h"])(
    "%s: and so at an abort, in each of the first turns (LC-01)",
    async (scheme) => {
      await using server = await hostileServer((peer) => peer.gone(), { tls: { ...good } });
      const lead = scheme === "socks5h" ? socks5Proxy(server.port, []) : connectProxy(server.port, []);
      // A client that is gone in the middle of a word is what the test wants.
      const script = async (peer: Peer) => await Promise.resolve(lead(peer)).catch(() => undefined);
      await using proxy = await hostileServer(script, scheme === "https" ? { tls: { ...good } } : {});
      const options = { proxy: `${scheme}://localhost:${proxy.port}`, proxyTls: { ca }, tls: { ca } };
      await using client = testClient({}, options);
      for (let count = 0; count < 12; count++) {
        const controller = watchedController();
        const opening = rejection(
          client.webSocketSession({ url: server.secureUrl, signal: controller.signal }),
        );
        for (let passed = 0; passed < count; passed++) await turns();
        controller.abort("enough");
        expect(await opening).toBe("enough");
        await proxy.abandoned();
      }
    },
  );
});

/** The bytes of a status line for as long as somebody listens. */
async function dripHead(peer: Peer): Promise<void> {
  peer.write("HTTP/1.1 200 ");
  await peer.drip(() => "a");
}

describe("PX-03: what is said to one is not heard by the other", () => {
  test("credentials for the proxy stay there, those for the server come to it alone", async () => {
    const asked: string[] = [];
    let request = "";
    await using server = await hostileServer(async (peer) => {
      request = await peer.request();
      peer.end("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    });
    await using proxy = await hostileServer(connectProxy(server.port, asked));
    const url = `http://user:${secret}@127.0.0.1:${proxy.port}`;
    await using client = testClient({}, { proxy: { url, headers: { "X-For-Proxy": secret } } });
    const headers = { Authorization: "for-server", Cookie: "for-server", "X-Token": "for-server" };
    await failure(client.webSocketSession({ url: `${server.url}?for-server`, headers }), HandshakeError);
    expect(asked[0]).not.toMatch(/for-server|cookie|sec-websocket/i);
    expect(asked[0]).toMatch(/Proxy-Authorization: Basic /);
    expect(request).not.toMatch(/proxy|s3cr3t/i);
    expect(request.match(/for-server/g)).toHaveLength(4);
  });

  test("no secret is in an error, whatever is looked at", async () => {
    const refusals: [scheme: string, script: Script][] = [
      ["http", (peer) => peer.request().then(() => peer.write("HTTP/1.1 407 No\r\n\r\n"))],
      ["http", (peer) => peer.request().then(() => peer.write("nonsense\r\n"))],
      ["http", (peer) => peer.request().then(() => peer.reset())],
      ["socks5h", (peer) => peer.bytes(4).then(() => peer.write("\x05\xff"))],
      ["socks5", (peer) => peer.bytes(4).then(() => peer.write("\x05\x02\x01\x01"))],
    ];
    for (const [scheme, script] of refusals) {
      const { error } = await through(script, ProxyError, {
        scheme,
        url: `ws://user:${secret}@127.0.0.1/?${secret}`,
      });
      const shown = [
        inspect(error, { depth: 9, showHidden: true }),
        JSON.stringify(error),
        String(error),
        error.stack,
      ];
      for (const text of shown) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(btoa(`user:${secret}`));
      }
    }
  });
});

describe("PX-04: a proxy that cannot be reached is not passed by", () => {
  test.each(["http", "https", "socks4a", "socks5h"])("%s", async (scheme) => {
    await using server = await hostileServer(() => undefined);
    const port = await unusedPort();
    await using client = testClient({}, { proxy: `${scheme}://127.0.0.1:${port}` });
    const error = await failure(client.webSocketSession(server.url), ProxyError);
    expect(error).toMatchObject({
      phase: "proxy",
      proxy: `${scheme}://127.0.0.1:${port}`,
      url: server.url,
      status: undefined,
      addresses: [{ address: "127.0.0.1", port, code: "ECONNREFUSED" }],
      cause: { code: "ERR_HALYARD_CONNECTION", phase: "connect", url: `${scheme}://127.0.0.1:${port}` },
    });
    expect(error.message).toMatch(/nothing listens there/);
    expect(server.peers).toHaveLength(0);
  });

  test("nor one whose name is not known, nor a name that nobody knows for SOCKS 4 and 5", async () => {
    await using client = testClient({}, { proxy: "http://proxy.invalid" });
    const error = await failure(client.webSocketSession("ws://127.0.0.1:1/"), ProxyError);
    expect(error).toMatchObject({ addresses: [], cause: { phase: "dns" } });
    for (const scheme of ["socks4", "socks5"]) {
      await using other = testClient({}, { proxy: `${scheme}://127.0.0.1:1` });
      const unknown = await rejection(other.webSocketSession("ws://server.invalid/"));
      expect(unknown).toMatchObject({
        code: "ERR_HALYARD_CONNECTION",
        phase: "dns",
        url: "ws://server.invalid/",
      });
    }
  });
});

describe("PX-06: what is behind a CONNECT's agreement is the server's", () => {
  const refusal = "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnope";

  test.each(["", "Content-Length: 45\r\n", "Transfer-Encoding: chunked\r\n"])(
    "%j changes nothing",
    async (header) => {
      const script: Script = (peer) =>
        peer.request().then(() => peer.write(`HTTP/1.1 200 OK\r\n${header}\r\n${refusal}`));
      const { error } = await through(script, HandshakeError);
      expect(error).toMatchObject({
        status: 403,
        body: "nope",
        phase: "upgrade",
        url: "ws://server.invalid/",
      });
    },
  );

  test("before TLS it cannot be, since a server does not speak first", async () => {
    const script: Script = (peer) =>
      peer.request().then(() => peer.write(`HTTP/1.1 200 OK\r\n\r\n${refusal}`));
    const { error } = await through(script, ProxyError, { url: "wss://server.invalid/" });
    expect(error.message).toMatch(/before TLS had begun/);
  });

  test("an end there is the server's, too", async () => {
    const script: Script = (peer) => peer.request().then(() => peer.end("HTTP/1.1 200 OK\r\n\r\n"));
    expect((await through(script, HandshakeError)).error.message).toMatch(/server closed the connection/);
    const { error } = await through(script, Error, { url: "wss://server.invalid/" });
    expect(error).toMatchObject({
      code: "ERR_HALYARD_CONNECTION",
      phase: "tls",
      url: "wss://server.invalid/",
    });
  });
});

describe("PX-07: a SOCKS proxy that breaks the rules is a ProxyError", () => {
  test.each<[what: string, says: string]>([
    ["HTTP", "HTTP/1.1 400 Bad\r\n\r\n"],
    ["a method that was not offered", "\x05\x01"],
    ["no method", "\x05\xff"],
    ["wrong credentials", "\x05\x02"],
  ])("%s", async (what, says) => {
    const script: Script = async (peer) => {
      await peer.bytes(4);
      peer.write(says);
      if (what !== "wrong credentials") return;
      await peer.bytes(2 + 4 + 1 + secret.length);
      peer.write("\x01\x05");
    };
    const { error } = await through(script, ProxyError, { scheme: "socks5h" });
    expect(error).toMatchObject({ phase: "proxy", status: undefined });
  });

  test.each<[what: string, end: (peer: Peer) => unknown]>([
    ["FIN", (peer) => peer.end()],
    ["RST", (peer) => peer.reset()],
  ])("%s in the middle", async (_, end) => {
    const script: Script = async (peer) => {
      await peer.bytes(4);
      peer.write("\x05\x00".slice(0, 1));
      await turns();
      await end(peer);
    };
    const { error } = await through(script, ProxyError, { scheme: "socks5h" });
    expect(error.message).toMatch(/ended the connection|ECONNRESET/);
  });
});

describe("TL-02: who is verified does not depend on the way", () => {
  test.each<[scheme: string, what: string, identity: Identity, host: string, reason: string]>(
    ["http", "https", "socks5h"]
      .flatMap((scheme) => [
        [scheme, "of no authority", trusted.selfSigned, "localhost", "DEPTH_ZERO_SELF_SIGNED_CERT"] as const,
        [
          scheme,
          "with another name",
          trusted.wrongHost,
          "localhost",
          "ERR_TLS_CERT_ALTNAME_INVALID",
        ] as const,
        [
          scheme,
          "for a name, by its address",
          trusted.nameOnly,
          "127.0.0.1",
          "ERR_TLS_CERT_ALTNAME_INVALID",
        ] as const,
        [scheme, "that has expired", trusted.expired, "localhost", "CERT_HAS_EXPIRED"] as const,
      ])
      .map((row) => [...row]),
  )(
    "through %s, a server's certificate %s is refused, and nothing is asked",
    async (scheme, _, identity, host, reason) => {
      await using server = await hostileServer((peer) => peer.gone(), { tls: { ...identity } });
      const lead = scheme === "socks5h" ? socks5Proxy(server.port, []) : connectProxy(server.port, []);
      await using proxy = await hostileServer(lead, scheme === "https" ? { tls: { ...good } } : {});
      // The proxy's own options do not help the server's certificate.
      const proxyTls = { ca: [ca, trusted.selfSigned.cert] };
      await using client = testClient(
        {},
        { proxy: `${scheme}://localhost:${proxy.port}`, proxyTls, tls: { ca } },
      );
      const url = `wss://${host}:${server.port}/`;
      const error = await failure(client.webSocketSession(url), TlsError);
      expect(error).toMatchObject({ phase: "tls", reason, url });
      await proxy.abandoned();
      for (const { size } of server.peers) expect(size).toBe(0);
    },
  );

  test("a proxy's certificate is judged by proxyTls, and one that is refused hears no credentials", async () => {
    await using proxy = await hostileServer((peer) => peer.gone(), { tls: { ...good } });
    for (const [options, reason] of [
      [{ tls: { ca } }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
      [{ proxyTls: { ca, servername: "other.test" } }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ] as const) {
      await using client = testClient(
        {},
        { ...options, proxy: `https://u:${secret}@localhost:${proxy.port}` },
      );
      const error = await failure(client.webSocketSession("ws://server.invalid/"), ProxyError);
      expect(error).toMatchObject({ phase: "proxy", cause: { code: "ERR_HALYARD_TLS", reason } });
      expect(error.message).toMatch(/proxyTls/);
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
    }
    await proxy.abandoned();
    for (const { size } of proxy.peers) expect(size).toBe(0);
  });
});
