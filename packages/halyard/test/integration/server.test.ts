// SPDX-License-Identifier: Apache-2.0
// The server's side: what it refuses, what it survives, and how it ends (SV-02 to SV-11).
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import {
  HandshakeError,
  InvalidArgumentError,
  ProtocolViolationError,
  type SessionEnd,
  type WebSocketSession,
} from "../../src/index.ts";
import { upgradeWebSocket, WebSocketServer, type WebSocketServerOptions } from "../../src/server/index.ts";
import { bareClient, clientFrame, request } from "../support/bare-client.ts";
import { certificates } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import { checkLeaks, nextWarning, turns, until } from "../support/leaks.ts";

checkLeaks();

/** A server that remembers how its sessions ended, with an echo at / and its raw twin at /raw. */
async function listening(options: WebSocketServerOptions = {}) {
  const ends: SessionEnd[] = [];
  const errors: unknown[] = [];
  const watch = (session: WebSocketSession) => void session.ended.then((end) => ends.push(end));
  const server = new WebSocketServer({
    closeTimeout: 2_000,
    onError: (error) => errors.push(error),
    ...options,
  })
    .webSocket("/", async (session) => {
      watch(session);
      for await (const frame of session.incoming) await session.send(frame);
    })
    .webSocketRaw("/raw", async (session) => {
      watch(session);
      for await (const frame of session.incoming) await session.send(frame);
    })
    .webSocket("/hang", () => new Promise(() => undefined));
  const { url, port } = await server.listen();
  return { server, url, port, ends, errors, [Symbol.asyncDispose]: () => server.close() };
}

test("errors of a session have its URL, without what may be secret in it", async () => {
  await using ours = await listening();
  const client = await bareClient(ours.port);
  await client.handshake("/?secret-token");
  await client[Symbol.asyncDispose]();
  await until(() => ours.ends.length === 1, "the end of the session");
  expect(ours.ends[0]?.error).toMatchObject({ url: "ws://127.0.0.1/?..." });
});

test.each(["ws://h/raw", "http://h:80/raw?x=/", "HTTPS://u@h/raw", "ws://h?x=/raw", "ws://h"])(
  "the target %s in absolute form is served by its path (RFC 9112 section 3.2.2)",
  async (target) => {
    await using ours = await listening();
    await using client = await bareClient(ours.port);
    await client.handshake(target);
    client.write(clientFrame(9, ""));
    // A raw session echoes the ping, a default one answers it.
    const isRaw = /:\/\/[^/?]*\/raw/.test(target);
    await until(() => client.received.length > 0, "the answer to the ping");
    expect(client.received[0]).toBe(isRaw ? 0x89 : 0x8a);
  },
);

test.each([
  null,
  5,
  "localhost:80",
  { prot: 5 },
  { port: -1 },
  { port: 1.5 },
  { port: 65_536 },
  { port: "80" },
  { host: 5 },
  { host: "" },
  { socketPath: 5 },
  { socketPath: "" },
])("listen(%j) is refused, and the server can listen still", async (options) => {
  await using server = new WebSocketServer();
  await failure(server.listen(options as object), InvalidArgumentError);
  expect((await server.listen()).port).toBeGreaterThan(0);
});

describe("a request that is no good handshake (SV-03)", () => {
  test.each<[what: string, text: string, answer: RegExp]>([
    [
      "plain GET",
      request({ headers: { Upgrade: null, Connection: null } }),
      /^HTTP\/1\.1 426 [^]*Upgrade: websocket/,
    ],
    ["plain POST", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", /^HTTP\/1\.1 426 /],
    ["another protocol", request({ headers: { Upgrade: "h2c" } }), /^HTTP\/1\.1 426 [^]*Upgrade: websocket/],
    [
      "another version",
      request({ headers: { "Sec-WebSocket-Version": "8" } }),
      /^HTTP\/1\.1 426 [^]*Sec-WebSocket-Version: 13/,
    ],
    ["a POST", request({ line: "POST / HTTP/1.1" }), /^HTTP\/1\.1 405 [^]*Allow: GET/],
    ["HTTP/1.0", request({ line: "GET / HTTP/1.0" }), /^HTTP\/1\.[01] (505|426|400) /],
    ["no version", request({ headers: { "Sec-WebSocket-Version": null } }), /^HTTP\/1\.1 400 /],
    ["no key", request({ headers: { "Sec-WebSocket-Key": null } }), /^HTTP\/1\.1 400 /],
    ["a short key", request({ headers: { "Sec-WebSocket-Key": "AAAA" } }), /^HTTP\/1\.1 400 /],
    [
      "two keys",
      request({ headers: { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" } }),
      /^HTTP\/1\.1 400 /,
    ],
    ["no Host", request({ headers: { Host: null } }), /^HTTP\/1\.1 400 /],
    ["two Hosts", request({ headers: { host: "other" } }), /^HTTP\/1\.1 400 /],
    ["content", request({ headers: { "Content-Length": "5" } }), /^HTTP\/1\.1 400 /],
    ["bad subprotocols", request({ headers: { "Sec-WebSocket-Protocol": "a b" } }), /^HTTP\/1\.1 400 /],
    ["bad extensions", request({ headers: { "Sec-WebSocket-Extensions": "a;=" } }), /^HTTP\/1\.1 400 /],
    ["no path of ours", request({ path: "/nowhere" }), /^HTTP\/1\.1 404 /],
    ["garbage", "\x16\x03\x01 this is TLS\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["a head without end", `GET / HTTP/1.1\r\n${"A: b\r\n".repeat(10_000)}`, /^HTTP\/1\.1 431 /],
  ])("%s is refused with its status, and the connection ended", async (_, text, answer) => {
    await using ours = await listening();
    await using client = await bareClient(ours.port);
    client.write(text);
    expect(await client.end()).toMatch(answer);
    expect(ours.errors).toEqual([]);
  });

  test.each<[host: string, path: string]>([
    ["[", "/"],
    ["[::1", "/"],
    ["a:99999", "/"],
    ["%", "/"],
    ["h", "//"],
    ["h", "/..//%00"],
    ["h", "/\\evil"],
    ["h", "http://["],
    ["h", "http://user:pass@other/"],
  ])("Host %s with target %s ends in an answer, not in a crash (SV-11)", async (host, path) => {
    await using ours = await listening();
    await using client = await bareClient(ours.port);
    client.write(request({ path, headers: { Host: host } }));
    expect(await client.hears(/^HTTP\/1\.1 \d+ /)).toMatch(/^HTTP\/1\.1 (101|400|404) /);
  });

  test("behind node:http it is refused as well, and a bad Host makes no crash there", async () => {
    const server = createServer();
    const upgrades: Promise<void>[] = [];
    server.on("upgrade", (message, socket, head) => {
      upgrades.push(upgradeWebSocket(message, socket, head, () => undefined));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    for (const [headers, status] of [
      [{ Host: "[" }, 400],
      [{ "Sec-WebSocket-Version": "7" }, 426],
    ] as const) {
      await using client = await bareClient((server.address() as AddressInfo).port);
      client.write(request({ headers }));
      expect(await client.end()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
    expect(await Promise.all(upgrades)).toEqual([undefined, undefined]);
    server.close();
    await once(server, "close");
  });

  test("our client shows a refusal with its text", async () => {
    await using ours = await listening();
    await using client = testClient();
    const error = await failure(client.webSocketSession(`${ours.url}/nowhere`), HandshakeError);
    expect(error).toMatchObject({ status: 404, body: "nothing is served at this path\n" });
  });

  test("one that is never finished is given up within handshakeTimeout (SV-02)", async () => {
    await using ours = await listening({ handshakeTimeout: 100 });
    await using silent = await bareClient(ours.port);
    await using half = await bareClient(ours.port);
    half.write("GET / HTTP/1.1\r\nHost: h\r\n");
    await half.end();
    await silent.end();
  });
});

describe("a handshake", () => {
  test.each<[offered: string, chosen: string | null]>([
    ["soap, chat.v1", "chat.v1"],
    ["chat.v1, chat.v2", "chat.v2"],
    ["soap", null],
    ["CHAT.V1", null],
    ["constructor, __proto__", null],
  ])("that offers %s gets the subprotocol %s", async (offered, chosen) => {
    await using ours = await listening({ subprotocols: ["chat.v2", "chat.v1"] });
    await using client = await bareClient(ours.port);
    client.write(request({ headers: { "Sec-WebSocket-Protocol": offered } }));
    const head = await client.hears(/^HTTP\/1\.1 101 [^]*\r\n\r\n/);
    expect(/^Sec-WebSocket-Protocol: (.*)\r$/im.exec(head)?.[1] ?? null).toBe(chosen);
    expect(head).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    expect(head).not.toMatch(/Extensions/i);
  });

  test("with a Content-Type is one like others", async () => {
    await using ours = await listening();
    await using client = await bareClient(ours.port);
    client.write(request({ headers: { "Content-Type": "application/json" } }));
    await client.hears(/^HTTP\/1\.1 101 [^]*\r\n\r\n/);
  });

  test("with frames in the same packet loses none", async () => {
    await using ours = await listening();
    await using client = await bareClient(ours.port);
    const frames = [clientFrame(1, "a"), clientFrame(1, "b"), clientFrame(8, Uint8Array.of(3, 0xe8))];
    client.write(Buffer.concat([Buffer.from(request()), ...frames]));
    const answer = await client.end();
    expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe("\x81\x01a\x81\x01b\x88\x02\x03\xe8");
  });

  test("shows url and headers to the handler, without user information, and the scheme of the server", async () => {
    const { ca, good } = certificates();
    const seen: string[] = [];
    await using server = new WebSocketServer({ tls: good }).webSocket("/a", ({ call }) => {
      seen.push(call.request.url.href, call.request.headers.get("x-team") ?? "");
    });
    const { port } = await server.listen();
    await using client = testClient({}, { tls: { ca } });
    const url = `wss://user:pass@localhost:${port}/a?b=c`;
    await client.webSocket({ url, headers: { "X-Team": "red" } }, ({ closeReason }) => closeReason);
    expect(seen).toEqual([`wss://localhost:${port}/a?b=c`, "red"]);
  });
});

describe("frames of a client (SV-05)", () => {
  test.each<[what: string, frame: Buffer, code: number]>([
    ["not masked", clientFrame(1, "hi", false), 1002],
    ["of a reserved kind", clientFrame(3, "hi"), 1002],
    ["with a reserved bit", Buffer.concat([Buffer.of(0xc1), clientFrame(1, "hi").subarray(1)]), 1002],
    ["that are no UTF-8", clientFrame(1, Uint8Array.of(0xff)), 1007],
    ["too large", Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 2, 3, 4]), 1009],
    ["that are HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n"), 1002],
  ])("%s close the session with their code, and no other", async (_, frame, code) => {
    await using ours = await listening();
    await using other = await bareClient(ours.port);
    await other.handshake();
    await using client = await bareClient(ours.port);
    await client.handshake();
    client.write(frame);
    await client.end();
    expect(client.received.readUInt16BE(2)).toBe(code);
    client.socket.end();
    await until(() => ours.ends.length === 1, "the end of the session");
    expect(ours.ends[0]).toMatchObject({ clean: false, reason: { code }, initiator: "local" });
    other.write(clientFrame(1, "still here"));
    await other.hears(/still here/);
  });

  test("a fault reaches the handler of its session, and onError is left in peace", async () => {
    await using ours = await listening();
    await using client = await bareClient(ours.port);
    await client.handshake("/raw");
    client.write(clientFrame(1, "hi", false));
    await client.end();
    client.socket.end();
    await until(() => ours.ends.length === 1, "the end of the session");
    expect(ours.ends[0]?.error).toBeInstanceOf(ProtocolViolationError);
    expect(ours.errors).toEqual([]);
  });
});

describe("a handler that throws (FR-14, SV-08)", () => {
  test.each<[how: string, handler: () => unknown]>([
    [
      "at once",
      () => {
        throw new Error("secret");
      },
    ],
    ["later", () => turns().then(() => Promise.reject(new Error("secret")))],
  ])("%s: 1011 without its text to the client, the error to onError", async (_, handler) => {
    const told: unknown[] = [];
    await using server = new WebSocketServer({
      onError: (error, session) => told.push((error as Error).message, session.signal.aborted),
    }).webSocket("/", handler);
    const { port } = await server.listen();
    await using client = await bareClient(port);
    await client.handshake();
    await client.hears(/^\x88/);
    const reason = client.received.subarray(2);
    expect(reason.readUInt16BE()).toBe(1011);
    expect(String(reason)).not.toContain("secret");
    client.write(clientFrame(8, reason));
    await client.end();
    client.socket.end();
    await until(() => told.length === 2, "onError");
    expect(told).toEqual(["secret", true]);
  });

  test("whose onError throws, too: a warning, and the server lives on", async () => {
    await using server = new WebSocketServer({
      onError: () => {
        throw new Error("even this");
      },
    }).webSocket("/", () => Promise.reject(new Error("boo")));
    const { url } = await server.listen();
    await using client = testClient();
    for (let count = 0; count < 2; count++) {
      await client.webSocket(url, ({ closeReason }) => closeReason);
      expect(await nextWarning()).toBe("Error: even this");
    }
  });

  test("without an onError is a warning", async () => {
    await using server = new WebSocketServer().webSocket("/", () => Promise.reject(new TypeError("boo")));
    const { url } = await server.listen();
    await using client = testClient();
    await client.webSocket(url, ({ closeReason }) => closeReason);
    expect(await nextWarning()).toBe("TypeError: boo");
  });
});

test.each([
  ["handshakeTimeout", 1_000],
  ["maxConnections", 1],
])("%s cannot be kept for one upgrade, and is refused", (option, value) => {
  const upgrade = () =>
    upgradeWebSocket({} as never, {} as never, new Uint8Array(), () => undefined, { [option]: value });
  expect(upgrade).toThrow(`${option} is not for an HTTP server of your own`);
});

describe("a client that goes away (SV-08)", () => {
  test("before its upgrade is answered: the handler learns it at once", async () => {
    const server = createServer();
    let end: SessionEnd | undefined;
    server.on("upgrade", (message, socket, head) => {
      socket.on("error", () => undefined);
      // As an application does that looks something up first.
      socket.once("close", () => {
        void turns().then(() =>
          upgradeWebSocket(message, socket, head, async (session) => {
            end = await session.ended;
          }),
        );
      });
      socket.resume();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = await bareClient((server.address() as AddressInfo).port);
    client.write(request());
    await turns();
    client.socket.resetAndDestroy();
    await until(() => end !== undefined, "the end of the session");
    expect(end).toMatchObject({ clean: false, reason: { code: 1006 } });
    server.close();
    await once(server, "close");
  });

  test("right after the refusal, or in the middle of its request: nothing happens", async () => {
    await using ours = await listening();
    for (const text of [request({ path: "/nowhere" }), "GET / HT", request()]) {
      const client = await bareClient(ours.port);
      client.write(text);
      client.socket.resetAndDestroy();
    }
    await using client = testClient();
    await client.webSocket(ours.url, (session) => session.send("fine"));
  });
});

describe("server.close()", () => {
  test("closes the sessions with 1001, and a second call gives the same promise", async () => {
    const ours = await listening();
    await using client = testClient();
    const session = await client.webSocketSession(ours.url);
    const closing = ours.server.close();
    expect(ours.server.close()).toBe(closing);
    expect(await session.ended).toMatchObject({ clean: true, initiator: "peer", received: { code: 1001 } });
    await closing;
    await expect(ours.server.listen()).rejects.toThrow(/closed/);
  });

  test("is bounded, whoever does not answer, and refuses handshakes meanwhile with 503 (SV-09)", async () => {
    const ours = await listening({ closeTimeout: 150 });
    await using silent = await bareClient(ours.port);
    await silent.handshake();
    await using hanging = await bareClient(ours.port);
    await hanging.handshake("/hang");
    await using idle = await bareClient(ours.port);
    await using half = await bareClient(ours.port);
    half.write("GET / HTTP/1.1\r\nHo");
    // Who has said nothing yet is dropped at once by Node 26 and Bun.
    await using late = await bareClient(ours.port);
    late.write(request().slice(0, 10));
    await turns();
    const closing = ours.server.close();
    late.write(request().slice(10));
    expect(await late.end()).toMatch(/^HTTP\/1\.1 503 /);
    await closing;
    await Promise.all([silent, hanging, idle, half].map((client) => client.end()));
  });

  test("ends those that are in the middle of TLS, too", async () => {
    const server = new WebSocketServer({ tls: certificates().good });
    const { port } = await server.listen();
    await using silent = await bareClient(port);
    await using half = await bareClient(port);
    half.write("\x16\x03\x01\x02\x00\x01");
    await turns();
    await server.close();
    await silent.end();
    await half.end();
  });

  test("before it ever listened, and while it begins to", async () => {
    await new WebSocketServer().close();
    const server = new WebSocketServer();
    const listens = server.listen();
    await server.close();
    await listens;
  });

  test("a port that is taken rejects listen, and nothing is left", async () => {
    await using ours = await listening();
    await using another = new WebSocketServer();
    await expect(another.listen({ port: ours.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
