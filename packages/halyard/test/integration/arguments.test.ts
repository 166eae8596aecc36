// SPDX-License-Identifier: Apache-2.0
// What a caller can do wrong is refused before anything is connected (HS-19, HS-20, OP-04, OP-05).
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cio, type CioOptions } from "../../src/engines/cio/index.ts";
import {
  HttpClient,
  InvalidArgumentError,
  type WebSocketRequestOptions,
  WebSockets,
} from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { failure, testClient } from "../support/clients.ts";
import { type HostileServer, hostileServer } from "../support/hostile-server.ts";
import { checkLeaks } from "../support/leaks.ts";

let server: HostileServer;
beforeAll(async () => {
  server = await hostileServer((peer) => peer.end());
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  expect(server.peers, "connections made").toHaveLength(0);
});

checkLeaks();

const secret = "hunter2";

async function refused(request: unknown): Promise<InvalidArgumentError> {
  await using client = testClient();
  const error = await failure(
    client.webSocketSession(request as WebSocketRequestOptions),
    InvalidArgumentError,
  );
  expect(error.code).toBe("ERR_HALYARD_INVALID_ARGUMENT");
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
  return error;
}

/** A request to the server that counts, with something wrong in it. */
async function refusedPart(part: object): Promise<InvalidArgumentError> {
  return await refused({ url: server.url, ...part });
}

describe("a URL that cannot be used (HS-19, OP-05)", () => {
  test.each<[url: unknown, message: RegExp]>([
    ["", /url/],
    ["nonsense", /begins with ws:\/\//],
    ["ws://", /url/],
    ["ws:// /", /url/],
    ["ws://[::1/", /url/],
    ["ws://[zz]/", /url/],
    ["ws://127.0.0.1:70000/", /url/],
    ["ws://127.0.0.1:x/", /url/],
    ["//127.0.0.1/", /url/],
    [`127.0.0.1:80/?token=${secret}`, /url/],
    [`ws://user:${secret}@h:port/?token=${secret}`, /url/],
    [`ws://h/#${secret}`, /fragment/],
    [`/path#${secret}`, /fragment/],
    [`ftp://user:${secret}@h/`, /scheme "ftp" is none of ws, wss, http and https/],
    ["file:///etc/passwd", /scheme "file"/],
    ["javascript:alert(1)", /scheme "javascript"/],
    ["ws+unix:///run/socket", /scheme "ws\+unix"/],
    ["ws://us%3Aer:pass@h/", /colon/],
    ["ws://us%ffer:pass@h/", /percent-encoded/],
    ["ws://127.0.0.1:0/", /port 0/],
    ["ws://127.0.0.1/a\r\nHost: evil", /control character/],
    ["ws://127.0.0.1/a?b=\nc", /control character/],
    ["ws://127.0.0.1\0/", /control character/],
    ["/a\tb", /control character/],
    [5, /url/],
    [null, /url/],
    [{}, /url/],
  ])("%j", async (url, message) => {
    expect((await refused({ url })).message).toMatch(message);
    if (typeof url === "string") expect((await refused(url)).message).toMatch(message);
  });
});

describe("a part that cannot be used (HS-19, HS-20, UX-01)", () => {
  test.each<[part: object, message: RegExp]>([
    [{ host: `evil.test/?token=${secret}` }, /host/],
    [{ host: `user:${secret}@evil.test` }, /host/],
    [{ host: "a b" }, /host/],
    [{ host: "" }, /host/],
    [{ host: "a:80" }, /host/],
    [{ host: "a\r\nb" }, /host/],
    [{ host: 5 }, /host/],
    [{ port: 0 }, /port 0/],
    [{ port: 65_536 }, /port 65536/],
    [{ port: 1.5 }, /port 1.5/],
    [{ port: "80" }, /port/],
    [{ protocol: "ftp" }, /scheme "ftp"/],
    [{ protocol: "toString" }, /scheme "toString"/],
    [{ path: "/a#b" }, /fragment/],
    [{ path: "/a\r\nb" }, /control character/],
    [{ path: 5 }, /path/],
    [{ query: 5 }, /query/],
    [{ query: "a=b" }, /query/],
    [{ query: { a: null } }, /query "a"/],
    [{ query: { a: { b: 1 } } }, /query "a"/],
    [{ query: { a: [undefined] } }, /query "a"/],
    [{ query: [["a"]] }, /query "a"/],
    [{ query: [[5, "a"]] }, /query/],
    [{ query: [5] }, /query/],
    [{ method: "POST" }, /handshake is a GET/],
    [{ subprotocols: "chat" }, /subprotocols/],
    [{ subprotocols: [5] }, /subprotocols/],
    [{ subprotocols: ["a b"] }, /subprotocols\[0\] is not a token/],
    [{ subprotocols: ["a\r\nX: y"] }, /subprotocols\[0\] is not a token/],
    [{ subprotocols: ["a", "a"] }, /subprotocols\[1\] comes twice/],
    [{ timeout: 0 }, /timeout/],
    [{ timeout: -1 }, /timeout/],
    [{ timeout: Number.NaN }, /timeout/],
    [{ timeout: Infinity }, /timeout/],
    [{ timeout: 2 ** 31 }, /timeout/],
    [{ timeout: "5" }, /timeout/],
    [{ signal: {} }, /signal/],
    [{ signal: true }, /signal/],
    [{ socketPath: 5 }, /socketPath/],
    [{ socketPath: "" }, /socketPath/],
    // Some platforms would cut it off, and connect to another socket.
    [{ socketPath: "x".repeat(104) }, /socketPath of 104 bytes/],
    [{ socketPath: "é".repeat(52) }, /socketPath of 104 bytes/],
    [{ headers: 5 }, /headers/],
    [{ headers: "a: b" }, /headers/],
    [{ headers: { A: 5 } }, /header "A"/],
    [{ headers: { A: null } }, /header "A"/],
    [{ headers: [["A"]] }, /header "A"/],
    [{ headers: [5] }, /headers/],
    [{ headers: { A: `${secret}\r\nB: c` } }, /header "A" has a control character/],
    [{ headers: { A: `${secret}\0` } }, /header "A" has a control character/],
    [{ headers: { A: `${secret}\u{1f600}` } }, /above U\+00FF/],
    [{ headers: { "A\r\nB": "c" } }, /name "A\\r\\nB" is not a token/],
    [{ headers: { "": "c" } }, /is not a token/],
    [{ headers: { "A:": "c" } }, /is not a token/],
    [
      {
        headers: [
          ["Host", "a"],
          ["host", "b"],
        ],
      },
      /"Host" is given twice/,
    ],
    [{ headers: { Host: "a b" } }, /"Host" is not a host/],
    [{ headers: { "sec-websocket-key": "x" } }, /cannot be set/],
    [{ headers: { "Sec-WebSocket-Version": "8" } }, /cannot be set/],
    [{ headers: { "Sec-WebSocket-Extensions": "x" } }, /cannot be set/],
    [{ headers: { "Sec-WebSocket-Protocol": "x" } }, /use `subprotocols`/],
    [{ headers: { Connection: "close" } }, /cannot be set/],
    [{ headers: { upgrade: "h2c" } }, /cannot be set/],
    [{ headers: { "Content-Length": "5" } }, /no content/],
    [{ headers: { "Transfer-Encoding": "chunked" } }, /no content/],
  ])("%j", async (part, message) => {
    expect((await refusedPart(part)).message).toMatch(message);
  });

  test.each([null, 5, true, () => undefined])("%s instead of a request", async (request) => {
    expect((await refused(request)).message).toMatch(/a request takes an object of options/);
  });
});

describe("an option that does not exist (OP-04)", () => {
  test.each<[level: string, make: () => unknown, names: RegExp]>([
    ["Cio", () => new HttpClient(Cio, { tsl: {} } as CioOptions), /^Cio has no option "tsl"; it has tls, /],
    [
      "Cio.tls",
      () => new HttpClient(Cio, { tls: { CA: "" } as CioOptions["tls"] }),
      /^Cio\.tls has no option "CA"; it has ca, /,
    ],
    ["WebSockets", () => install({ pingIntervall: 5 }), /^WebSockets has no option "pingIntervall"/],
    ["channels", () => install({ channels: { in: {} } }), /^WebSockets\.channels has no option "in"/],
    [
      "one channel",
      () => install({ channels: { incoming: { message: 5 } } }),
      /^WebSockets\.channels\.incoming has no option "message"/,
    ],
    ["the server", () => new WebSocketServer({ prot: 5 } as object), /^the server has no option "prot"/],
  ])("of %s is refused, and those that do are named", (_, make, names) => {
    expect(make).toThrow(InvalidArgumentError);
    expect(make).toThrow(names);
  });

  test("of a request", async () => {
    expect((await refusedPart({ header: {} })).message).toMatch(
      /^a request has no option "header"; it has url, /,
    );
    expect((await refusedPart(JSON.parse('{ "__proto__": {} }') as object)).message).toMatch(/"__proto__"/);
  });

  function install(config: object): unknown {
    return new HttpClient(Cio).install(WebSockets, config);
  }
});

describe("an option with a value that cannot be used (OP-04)", () => {
  test.each<[config: object]>([
    [{ pingInterval: -1 }],
    [{ pingInterval: "5" }],
    [{ pingTimeout: Number.NaN }],
    [{ pingTimeout: 2 ** 31 }],
    [{ closeTimeout: 0 }],
    [{ closeTimeout: "5" }],
    [{ handshakeTimeout: Infinity }],
    [{ maxFrameSize: 0 }],
    [{ maxFrameSize: 1.5 }],
    [{ maxMessageSize: "5" }],
    [{ maxFragments: -1 }],
    [{ channels: 5 }],
    [{ channels: { incoming: 5 } }],
    [{ channels: { incoming: { messages: 0 } } }],
    [{ channels: { outgoing: { bytes: -1 } } }],
    [{ channels: { incoming: { onOverflow: "drop" } } }],
  ])("WebSockets %j", (config) => {
    expect(() => new HttpClient(Cio).install(WebSockets, config)).toThrow(InvalidArgumentError);
    expect(() => new WebSocketServer(config)).toThrow(InvalidArgumentError);
  });

  test.each<[options: unknown]>([
    [null],
    [5],
    [{ tls: 5 }],
    [{ tls: { ca: 5 } }],
    [{ tls: { cert: "no certificate" } }],
    [{ tls: { key: `no key ${secret}` } }],
    [{ tls: { minVersion: "TLSv9" } }],
    [{ tls: { ciphers: "nonsense" } }],
    [{ tls: { servername: 5 } }],
    [{ tls: { ALPNProtocols: "h2" } }],
    [{ tls: { rejectUnauthorized: 0 } }],
    [{ tls: { servername: "127.0.0.1" } }],
    [{ tls: { servername: "a\0b" } }],
    [{ tls: { ALPNProtocols: [5] } }],
    [{ tls: { pfx: new Uint8Array(5) } }],
    [{ tls: { pins: "sha256/" } }],
    [{ tls: { pins: [] } }],
    [{ tls: { pins: ["sha1/qvTGHdzF6KLavt4PO0gs2a6pQ00="] } }],
    [{ tls: { pins: ["sha256/AAAA"] } }],
    [{ tls: { pins: { "example.com": [] } } }],
    [{ tls: { pins: { "a.*.com": [`sha256/${"A".repeat(43)}=`] } } }],
    [{ tls: { pins: { "a/b": [`sha256/${"A".repeat(43)}=`] } } }],
    [{ tls: { pins: { "a:5": [`sha256/${"A".repeat(43)}=`] } } }],
    [{ tls: { keyLog: "a.log" } }],
    [{ tls: { checkServerIdentity: true } }],
    [{ tls: { checkServerIdentity: () => undefined, rejectUnauthorized: false } }],
    [{ noDelay: "yes" }],
    [{ keepAlive: -1 }],
    [{ keepAlive: "5" }],
    [{ addressTimeout: 0 }],
    [{ addressTimeout: Number.NaN }],
    [{ maxConnections: 0 }],
    [{ maxConnections: 1.5 }],
    [{ clock: 5 }],
    [{ randomBytes: 5 }],
  ])("Cio %j", (options) => {
    const make = () => new HttpClient(Cio, options as CioOptions);
    expect(make).toThrow(InvalidArgumentError);
    expect(make).not.toThrow(secret);
  });

  test.each<[options: unknown]>([
    [null],
    [{ subprotocols: "chat" }],
    [{ subprotocols: ["a b"] }],
    [{ onError: 5 }],
    [{ tls: 5 }],
    [{ tls: { cert: "none", key: "none" } }],
  ])("the server %j", (options) => {
    expect(() => new WebSocketServer(options as object)).toThrow(InvalidArgumentError);
  });

  test.each([5, "Cio", {}, () => undefined])("%s instead of an engine", (engine) => {
    expect(() => new HttpClient(engine as unknown as typeof Cio)).toThrow(InvalidArgumentError);
  });

  test("options for an engine that exists already", () => {
    expect(() => new HttpClient(Cio.create(), {})).toThrow(/the engine exists already/);
  });
});

test.each<[args: unknown[], message: RegExp]>([
  [[1000, "bye"], /^a close reason is \{ code, message \} or a CloseReason$/],
  [["bye"], /^a close reason is/],
  [[null], /^a close reason is/],
  [[{}], /close code undefined/],
  [[{ code: 1006 }], /1006 must not be sent/],
  [[undefined, 5], /^close takes an object of options/],
  [[undefined, null], /^close takes an object of options/],
  [[undefined, { timeOut: 5 }], /^close has no option "timeOut"; it has timeout$/],
  [[undefined, { timeout: "5" }], /timeout/],
])("session.close(...%j) is refused, and the session lives on", async (args, message) => {
  await using echo = new WebSocketServer().webSocket("/", ({ ended }) => ended);
  const { url } = await echo.listen();
  await using client = testClient();
  const session = await client.webSocketSession(url);
  const close = session.close.bind(session) as (...given: unknown[]) => Promise<unknown>;
  expect((await failure(close(...args), InvalidArgumentError)).message).toMatch(message);
  expect((await session.close(undefined, { timeout: undefined })).reason.code).toBe(1000);
});

test("options that are undefined count as not given, and those of a polluted prototype, too (OP-01)", async () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  try {
    prototype.socketPath = "/nowhere";
    prototype.timeout = -1;
    prototype.headers = { A: "\0" };
    prototype.path = "/nowhere";
    prototype.localAddress = "nonsense";
    await using client = testClient({ pingInterval: undefined }, { tls: undefined });
    const error: unknown = await client
      .webSocketSession({ host: undefined, port: 1 })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ phase: "connect", cause: { code: "ECONNREFUSED" } });
  } finally {
    for (const name of ["socketPath", "timeout", "headers", "path", "localAddress"]) delete prototype[name];
  }
});
