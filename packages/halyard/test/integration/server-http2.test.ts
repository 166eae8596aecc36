// SPDX-License-Identifier: Apache-2.0
// The server's side of HTTP/2: what it accepts and refuses, how it ends, and what a client cannot hold it by.
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError, type SessionEnd } from "../../src/index.ts";
import { connectWebSocket, WebSocketServer, type WebSocketServerOptions } from "../../src/server/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";
import { bareClient, clientFrame, request as http1Request } from "../support/bare-client.ts";
import { certificates } from "../support/certificates.ts";
import { testClient } from "../support/clients.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";

checkLeaks();

const { ca, good } = certificates();

async function listening(options: WebSocketServerOptions = {}) {
  const ends: SessionEnd[] = [];
  const server = new WebSocketServer({ http2: true, closeTimeout: 2_000, ...options }).webSocket(
    "/",
    async (session) => {
      void session.ended.then((end) => ends.push(end));
      for await (const frame of session.incoming) await session.send(frame);
    },
  );
  const { url, port } = await server.listen();
  return { server, url, port, ends, [Symbol.asyncDispose]: () => server.close() };
}

/** A connection of the platform's own client. */
async function connected(port: number) {
  const connection = connect(`http://127.0.0.1:${port}`);
  connection.on("error", () => undefined);
  await once(connection, "remoteSettings");
  return Object.assign(connection, {
    [Symbol.asyncDispose]: async () => {
      connection.destroy();
      if (!connection.closed) await once(connection, "close");
    },
  });
}

function ask(connection: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const all: OutgoingHttpHeaders = {
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":authority": "127.0.0.1",
    ":path": "/",
    "sec-websocket-version": "13",
    ...headers,
  };
  for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
  const stream = connection.request(all, { endStream: false });
  stream.on("error", () => undefined);
  return stream;
}

async function answerTo(stream: ClientHttp2Stream): Promise<Record<string, unknown>> {
  const [head] = (await once(stream, "response")) as [Record<string, unknown>];
  return head;
}

test("H2-10: the SETTINGS enable the CONNECT protocol, and allow a hundred streams", async () => {
  await using ours = await listening();
  await using connection = await connected(ours.port);
  expect(connection.remoteSettings).toMatchObject({ enableConnectProtocol: true, maxConcurrentStreams: 100 });
});

describe("a request", () => {
  test("is a session, with the authority as its Host", async () => {
    const hosts: (string | null)[] = [];
    await using server = new WebSocketServer({ http2: true }).webSocket("/a", (session) => {
      hosts.push(session.call.request.headers.get("host"), session.call.request.url.href);
    });
    const { port } = await server.listen();
    await using connection = await connected(port);
    const stream = ask(connection, { ":path": "/a?b", ":authority": "example.test:8", host: "other.test" });
    expect(await answerTo(stream)).toMatchObject({ ":status": 200 });
    stream.resume();
    expect(hosts).toEqual(["example.test:8", "ws://example.test:8/a?b"]);
  });

  test.each<[what: string, headers: OutgoingHttpHeaders, status: number]>([
    ["of another protocol", { ":protocol": "connect-udp" }, 501],
    ["of another version", { "sec-websocket-version": "12" }, 426],
    ["without a version", { "sec-websocket-version": undefined }, 400],
    ["with an authority that makes no URL", { ":authority": "[" }, 400],
    ["with malformed subprotocols", { "sec-websocket-protocol": "a b" }, 400],
    ["of a page that may not connect", { origin: "https://evil.test" }, 403],
    ["for a path that is not served", { ":path": "/other" }, 404],
  ])("H2-10: %s is refused", async (_, headers, status) => {
    await using ours = await listening();
    await using connection = await connected(ours.port);
    const stream = ask(connection, headers);
    const answer = await answerTo(stream);
    expect(answer[":status"]).toBe(status);
    expect(answer["connection"]).toBeUndefined();
    stream.resume();
  });

  test("that is a GET is refused, over HTTP/2 and HTTP/1.1", async () => {
    await using ours = await listening({ tls: good });
    const connection = connect(`https://localhost:${ours.port}`, { ca });
    const stream = connection.request({ ":path": "/" });
    expect((await answerTo(stream))[":status"]).toBe(405);
    connection.destroy();
    await once(connection, "close");
  });

  test("H2-10: over the limit of sessions is refused, over whichever version", async () => {
    await using ours = await listening({ maxConnections: 1 });
    await using connection = await connected(ours.port);
    const first = ask(connection);
    expect((await answerTo(first))[":status"]).toBe(200);
    expect((await answerTo(ask(connection)))[":status"]).toBe(503);
    first.end(clientFrame(8, Uint8Array.of(3, 232)));
    await until(() => ours.ends.length === 1, "the end");
    expect(ours.ends[0]?.clean).toBe(true);
  });
});

test("with TLS the same server speaks HTTP/1.1, too", async () => {
  await using ours = await listening({ tls: good });
  for (const [http2, status] of [
    [false, 101],
    ["require", 200],
  ] as const) {
    await using client = testClient({}, { http2, tls: { ca } });
    const session = await client.webSocketSession(`wss://localhost:${ours.port}/`);
    expect(session.call.response.status).toBe(status);
    await session.send("text");
    expect((await session.incoming.receive()).size).toBe(4);
    expect((await session.close()).clean).toBe(true);
  }
});

test("H2-11: a connection without a session is ended after the time of a handshake, one with a session is not", async () => {
  const clock = new VirtualClock();
  await using ours = await listening({ clock, handshakeTimeout: 1_000, pingInterval: Infinity });
  await using idle = await connected(ours.port);
  await using busy = await connected(ours.port);
  const stream = ask(busy);
  await answerTo(stream);
  stream.resume();
  await clock.advance(1_000);
  await until(() => idle.destroyed, "the end of the idle one");
  expect(busy.destroyed).toBe(false);
  stream.end(clientFrame(8, Uint8Array.of(3, 232)));
  await until(() => ours.ends.length === 1, "the end of the session");
  await turns();
  await clock.advance(1_000);
  await until(() => busy.destroyed, "the end of the other");
});

test("H2-11: streams that are reset as soon as they are opened leave nothing", async () => {
  await using ours = await listening();
  await using connection = await connected(ours.port);
  for (let count = 0; count < 200; count++) {
    const stream = ask(connection);
    if (count % 2 === 0) await answerTo(stream);
    stream.close(8);
    await once(stream, "close");
  }
  await until(() => ours.ends.length >= 100, "the ends");
  expect(ours.ends.every(({ clean }) => !clean)).toBe(true);
});

test("close() says GOAWAY, closes the sessions with 1001, and leaves no connection", async () => {
  const ours = await listening();
  await using client = testClient({}, { http2: "require" });
  const session = await client.webSocketSession(`${ours.url}/`);
  await using idle = await connected(ours.port);
  const goaway = once(idle, "goaway");
  await ours.server.close();
  await goaway;
  expect(await session.closeReason).toMatchObject({ code: 1001 });
  expect((await session.ended).clean).toBe(true);
});

test("a server of one's own is answered by connectWebSocket", async () => {
  const server = createServer({ settings: { enableConnectProtocol: true } });
  server.on("stream", (stream, headers) => {
    void connectWebSocket(stream, headers, async (session) => {
      for await (const frame of session.incoming) await session.send(frame);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = testClient({}, { http2: "require" });
  const session = await client.webSocketSession(`ws://127.0.0.1:${port}/`);
  await session.send("text");
  expect((await session.incoming.receive()).size).toBe(4);
  expect((await session.close()).clean).toBe(true);
  await client.close();
  server.close();
  await once(server, "close");
});

test("options that cannot be used are refused", () => {
  expect(() => new WebSocketServer({ http2: "yes" as never })).toThrow(InvalidArgumentError);
  const options = { handshakeTimeout: 5 } as never;
  expect(() => connectWebSocket({ close: () => undefined }, {}, () => undefined, options)).toThrow(
    InvalidArgumentError,
  );
});

test("H2-11: a client of HTTP/1.1 has the same time for its head as without HTTP/2", async () => {
  await using ours = await listening({ handshakeTimeout: 200 });
  await using client = await bareClient(ours.port);
  client.write(http1Request().slice(0, 20));
  await client.end();
});
