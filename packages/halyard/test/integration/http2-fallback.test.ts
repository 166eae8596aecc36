// SPDX-License-Identifier: Apache-2.0
// Servers that have no WebSockets over HTTP/2: HTTP/1.1 with "prefer", an error with "require".
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { constants, createSecureServer } from "node:http2";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { Cio } from "../../src/engines/cio/index.ts";
import {
  ClientClosedError,
  HandshakeError,
  HttpClient,
  InvalidArgumentError,
  WebSockets,
} from "../../src/index.ts";
import { upgradeWebSocket, WebSocketServer } from "../../src/server/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";
import { certificates } from "../support/certificates.ts";
import { failure, testClient } from "../support/clients.ts";
import { http2Server } from "../support/http2-server.ts";
import { checkLeaks, until } from "../support/leaks.ts";

checkLeaks();

const { ca, good } = certificates();
const preferring = { http2: "prefer", tls: { ca } } as const;
const requiring = { http2: "require", tls: { ca } } as const;

/** A server with TLS that offers these protocols, and has no WebSockets over HTTP/2. */
async function serverWith(protocols: string[] | undefined) {
  const offers: (string | false | null)[] = [];
  let open = 0;
  const options = { ...good, ...(protocols !== undefined && { ALPNProtocols: protocols }) };
  const server = protocols?.includes("h2")
    ? createSecureServer({ ...options, allowHTTP1: true })
    : createServer(options);
  server.on("secureConnection", (socket: TLSSocket) => {
    offers.push(socket.alpnProtocol);
    open++;
    socket.on("close", () => open--);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    void upgradeWebSocket(request, socket, head, () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `wss://localhost:${(server.address() as AddressInfo).port}/`,
    /** What was chosen, for each connection. */
    offers,
    get open() {
      return open;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

describe('with "prefer"', () => {
  test("a server that speaks both is spoken to over HTTP/2", async () => {
    await using server = new WebSocketServer({ http2: true, tls: good }).webSocket("/", () => undefined);
    const { url } = await server.listen();
    await using client = testClient({}, preferring);
    const session = await client.webSocketSession(url);
    expect(session.call.response.status).toBe(200);
    expect((await session.close()).clean).toBe(true);
  });

  test.each([[["http/1.1"]], [["h2"]]])(
    "the socket is not left open when ALPN of %j chooses and the engine has just been closed",
    async (protocols) => {
      await using server = await serverWith(protocols);
      const tls = { ca, checkServerIdentity: () => void engine.close() };
      const engine = Cio.create({ http2: "prefer", tls });
      await using client = new HttpClient(engine).install(WebSockets);
      await failure(client.webSocketSession(server.url), ClientClosedError);
      await engine.close();
      await until(() => server.open === 0, "the client has let go of the connection");
    },
  );

  test.each([[["http/1.1"]], [undefined]])(
    "the socket is used on when ALPN of %j chooses HTTP/1.1",
    async (protocols) => {
      await using server = await serverWith(protocols);
      await using client = testClient({}, preferring);
      const sessions = await Promise.all([1, 2, 3].map(() => client.webSocketSession(server.url)));
      expect(sessions.map((session) => session.call.response.status)).toEqual([101, 101, 101]);
      await Promise.all(sessions.map((session) => session.close()));
      // The first has found out, and not lost its connection by that.
      expect(server.offers).toHaveLength(3);
    },
  );

  test("HTTP/2 without the CONNECT protocol is followed by a connection without it, and remembered", async () => {
    const clock = new VirtualClock();
    await using server = await serverWith(["h2", "http/1.1"]);
    const client = testClient({}, { ...preferring, clock });
    const open = async () => {
      const session = await client.webSocketSession(server.url);
      expect(session.call.response.status).toBe(101);
      await session.close();
    };
    await open();
    expect(server.offers).toEqual(["h2", "http/1.1"]);
    await open();
    expect(server.offers).toEqual(["h2", "http/1.1", "http/1.1"]);
    await clock.advance(10 * 60_000);
    await open();
    expect(server.offers.slice(3)).toEqual(["h2", "http/1.1"]);
    await client.close();
  });

  test("a server that wants HTTP/1.1 for this gets it, and is remembered", async () => {
    await using server = await http2Server((stream) => stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED), {
      tls: good,
    });
    await using client = testClient({}, preferring);
    // It speaks none: the second connection comes to nothing, which shows that it was tried.
    for (let count = 0; count < 2; count++) {
      const error = await client.webSocketSession(server.url).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
    }
    expect(server.streams).toHaveLength(1);
  });

  test("ws is spoken to over HTTP/1.1", async () => {
    await using server = new WebSocketServer().webSocket("/", () => undefined);
    const { url } = await server.listen();
    await using client = testClient({}, preferring);
    const session = await client.webSocketSession(url);
    expect(session.call.response.status).toBe(101);
    await session.close();
  });

  test("nothing more is asked of a server that refuses", async () => {
    await using server = new WebSocketServer({ http2: true, tls: good });
    const { url } = await server.listen();
    await using client = testClient({}, preferring);
    expect(await failure(client.webSocketSession(url), HandshakeError)).toMatchObject({ status: 404 });
  });
});

describe('with "require"', () => {
  test("an engine that is closed while a connection is opened does not put it down to the server", async () => {
    await using server = new WebSocketServer({ http2: true, tls: good });
    const { url } = await server.listen();
    const tls = { ca, checkServerIdentity: () => void engine.close() };
    const engine = Cio.create({ http2: "require", tls });
    await using client = new HttpClient(engine).install(WebSockets);
    await failure(client.webSocketSession(url), ClientClosedError);
  });

  test.each<[protocols: string[], lacks: RegExp]>([
    [["http/1.1"], /chose http\/1\.1 instead of h2/],
    [["h2", "http/1.1"], /CONNECT protocol/],
  ])("a server with %j is a HandshakeError that says what it lacks", async (protocols, lacks) => {
    await using server = await serverWith(protocols);
    await using client = testClient({}, requiring);
    for (let count = 0; count < 2; count++) {
      const error = await failure(client.webSocketSession(server.url), HandshakeError);
      expect(error).toMatchObject({ phase: "upgrade", url: server.url });
      expect(error.message).toMatch(lacks);
      expect(error.message).toMatch(/"prefer"/);
    }
  });

  test("nothing is told to a server with a wrong certificate (TL-01)", async () => {
    await using server = await http2Server(() => undefined, { tls: certificates().wrongHost });
    await using client = testClient({}, requiring);
    const error = await client.webSocketSession(server.url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_HALYARD_TLS" });
    expect(server.streams).toHaveLength(0);
  });
});

test.each([
  [{ http2: true }, /none of false/],
  [{ http2: "always" }, /none of false/],
  [{ http2: "prefer", tls: { ALPNProtocols: ["h2"] } }, /ALPNProtocols/],
])("the options %j are refused", (options, message) => {
  expect(() => Cio.create(options as never)).toThrow(InvalidArgumentError);
  expect(() => Cio.create(options as never)).toThrow(message);
});
