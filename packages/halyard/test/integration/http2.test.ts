// SPDX-License-Identifier: Apache-2.0
// Sessions over HTTP/2 (RFC 8441): what is sent and agreed on, how a connection is shared, and how sessions and streams end.
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { Cio } from "../../src/engines/cio/index.ts";
import {
  ClientClosedError,
  ConnectionError,
  type DefaultClientWebSocketSession,
  HandshakeError,
  HttpClient,
  InvalidArgumentError,
  WebSockets,
} from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { certificates } from "../support/certificates.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { closeFrame, serverFrame } from "../support/hostile-server.ts";
import { accept, http2Server } from "../support/http2-server.ts";
import { checkLeaks, turns, until, watchedController } from "../support/leaks.ts";

checkLeaks();

const { NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM } =
  constants;

const http2Client = (config: WebSockets.Config = {}) => testClient(config, { http2: "require" });

/** A server of ours with an echo at /, which counts its connections. */
async function echoServer() {
  const server = new WebSocketServer({ http2: true, subprotocols: ["b", "a"] }).webSocket(
    "/",
    async (session) => {
      for await (const frame of session.incoming) await session.send(frame);
    },
  );
  const { url } = await server.listen();
  return { url: `${url}/`, [Symbol.asyncDispose]: () => server.close() };
}

async function echoed(session: DefaultClientWebSocketSession, text: string): Promise<void> {
  await session.send(text);
  const frame = await session.incoming.receive();
  expect(frame.type === "text" && frame.readText()).toBe(text);
}

describe("the handshake", () => {
  test("sends an extended CONNECT with names in lower case, and nothing that belongs to HTTP/1.1", async () => {
    let seen: readonly [string, unknown][] = [];
    await using server = await http2Server((stream, headers) => {
      seen = Object.entries(headers);
      stream.respond({ ":status": 200, "sec-websocket-protocol": "b", "sec-websocket-accept": "no matter" });
      stream.end(closeFrame(1000));
    });
    await using client = http2Client();
    const session = await client.webSocketSession({
      url: `${server.url}a?b=c`,
      subprotocols: ["a", "b"],
      headers: [
        ["X-Token", " t "],
        ["Cookie", "a=1"],
        ["Host", "example.test:8"],
      ],
    });
    expect(session.subprotocol).toBe("b");
    expect(session.call.response.status).toBe(200);
    expect(session.call.response.headers.get("sec-websocket-protocol")).toBe("b");
    expect((await session.ended).received).toMatchObject({ code: 1000 });
    expect(Object.fromEntries(seen)).toEqual({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "http",
      ":authority": "example.test:8",
      ":path": "/a?b=c",
      "sec-websocket-version": "13",
      "sec-websocket-protocol": "a, b",
      "user-agent": "halyard",
      "x-token": "t",
      cookie: "a=1",
    });
  });

  test.each(["Keep-Alive", "te", "Proxy-Connection", "HTTP2-Settings"])(
    "refuses the header %s before anything is connected",
    async (name) => {
      await using server = await http2Server(accept);
      await using client = http2Client();
      const opening = client.webSocketSession({ url: server.url, headers: { [name]: "x" } });
      expect(await failure(opening, InvalidArgumentError)).toMatchObject({
        message: expect.stringContaining(name.toLowerCase()) as string,
      });
      expect(server.connections).toHaveLength(0);
    },
  );

  test("refuses what the platform cannot send", async () => {
    await using server = await http2Server(accept);
    await using client = http2Client();
    const headers: [string, string][] = [
      ["User-Agent", "a"],
      ["User-Agent", "b"],
    ];
    const error = await failure(client.webSocketSession({ url: server.url, headers }), InvalidArgumentError);
    expect(error.message).toMatch(/user-agent/);
  });

  test.each([401, 201, 302, 503])(
    "an answer %d is a HandshakeError with headers and body",
    async (status) => {
      await using server = await http2Server((stream) => {
        stream.respond({ ":status": status, "x-why": "because" });
        stream.end("no");
      });
      await using client = http2Client();
      const error = await failure(client.webSocketSession(server.url), HandshakeError);
      expect(error).toMatchObject({ status, body: "no", phase: "upgrade", url: server.url });
      expect(error.headers?.get("x-why")).toBe("because");
    },
  );

  test("skips interim answers", async () => {
    await using server = await http2Server((stream) => {
      stream.additionalHeaders({ ":status": 103, link: "<a>" });
      stream.additionalHeaders({ ":status": 100 });
      accept(stream);
    });
    await using client = http2Client();
    expect((await (await client.webSocketSession(server.url)).close()).clean).toBe(true);
  });

  test("takes frames that come in one piece with the answer", async () => {
    await using server = await http2Server((stream) => {
      stream.respond({ ":status": 200 });
      stream.end(Buffer.concat([serverFrame(1, "early"), closeFrame(1000)]));
    });
    await using client = http2Client();
    const session = await client.webSocketSession(server.url);
    const frame = await session.incoming.receive();
    expect(frame.type === "text" && frame.readText()).toBe("early");
    expect((await session.ended).clean).toBe(true);
  });
});

describe("a connection", () => {
  test("is shared by a hundred sessions that are opened at once, and ends with the last", async () => {
    await using server = await http2Server(accept);
    await using client = http2Client();
    const sessions = await Promise.all(
      Array.from({ length: 100 }, () => client.webSocketSession(server.url)),
    );
    expect(server.connections).toHaveLength(1);
    expect(server.streams).toHaveLength(100);
    const [last, ...others] = sessions;
    await Promise.all(others.map((session) => session.close()));
    await turns();
    expect(server.open).toBe(1);
    expect((await last?.close())?.clean).toBe(true);
    await server.abandoned();
  });

  test("carries as many streams as the server allows; for more there is another", async () => {
    await using server = await http2Server(accept, { settings: { maxConcurrentStreams: 2 } });
    await using client = http2Client();
    const sessions = await Promise.all(Array.from({ length: 5 }, () => client.webSocketSession(server.url)));
    expect(server.connections).toHaveLength(3);
    await Promise.all(sessions.map((session) => session.close()));
  });

  test("is not shared between hosts, and not between engines", async () => {
    await using server = await http2Server(accept);
    await using one = http2Client();
    await using other = http2Client();
    const byName = server.url.replace("127.0.0.1", "localhost");
    const sessions = await Promise.all([
      one.webSocketSession(server.url),
      one.webSocketSession(byName),
      other.webSocketSession(server.url),
    ]);
    expect(server.connections).toHaveLength(3);
    await Promise.all(sessions.map((session) => session.close()));
  });

  test("that is lost ends all of its sessions, each with an error", async () => {
    await using server = await http2Server(accept);
    await using client = http2Client();
    const sessions = await Promise.all(Array.from({ length: 3 }, () => client.webSocketSession(server.url)));
    server.connections[0]?.destroy();
    for (const session of sessions) {
      const { clean, error, reason } = await session.ended;
      expect(clean).toBe(false);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(reason.code).toBe(1006);
    }
    const again = await client.webSocketSession(server.url);
    expect(server.connections).toHaveLength(2);
    await again.close();
  });

  test("on which something else than TLS comes is lost (TL-09)", async () => {
    const { ca, good } = certificates();
    const below: Socket[] = [];
    const onConnection = (socket: Socket) => below.push(socket);
    await using server = await http2Server(accept, { tls: good, onConnection });
    await using client = testClient({}, { http2: "require", tls: { ca } });
    const session = await client.webSocketSession(server.url);
    below[0]?.write("no record of TLS, which is longer than one could begin");
    const { error, reason } = await session.ended;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(reason.code).toBe(1006);
    // Node's server does not end by the alert.
    below[0]?.destroy();
  });

  test("is dropped by engine.close(), and its sessions with it", async () => {
    await using server = await http2Server((stream) => stream.respond({ ":status": 200 }));
    const engine = Cio.create({ http2: "require" });
    const client = new HttpClient(engine).install(WebSockets, { closeTimeout: 30 });
    const session = await client.webSocketSession(server.url);
    await engine.close();
    expect((await session.ended).error).toBeInstanceOf(ConnectionError);
    await server.abandoned();
    await failure(client.webSocketSession(server.url), ClientClosedError);
    await client.close();
  });
});

describe("GOAWAY", () => {
  test("lets sessions go on, and new ones get a new connection", async () => {
    await using server = await http2Server(accept);
    await using client = http2Client();
    const before = await client.webSocketSession(server.url);
    server.connections[0]?.goaway();
    await turns();
    const after = await client.webSocketSession(server.url);
    expect(server.connections).toHaveLength(2);
    expect((await before.close()).clean).toBe(true);
    expect((await after.close()).clean).toBe(true);
  });

  test("with an error, that includes the stream, is an error", async () => {
    await using server = await http2Server((stream) => {
      stream.session?.goaway(NGHTTP2_ENHANCE_YOUR_CALM, stream.id);
      setImmediate(() => stream.session?.destroy());
    });
    await using client = http2Client();
    const error = await rejection(client.webSocketSession(server.url));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ phase: "upgrade", url: server.url });
    expect(server.connections).toHaveLength(1);
  });
});

describe("RST_STREAM", () => {
  test("with REFUSED_STREAM has the stream asked again, once, on a new connection", async () => {
    await using server = await http2Server((stream) => {
      if (server.connections.length > 1) accept(stream);
      else stream.close(NGHTTP2_REFUSED_STREAM);
    });
    await using client = http2Client();
    const session = await client.webSocketSession(server.url);
    expect(server.streams).toHaveLength(2);
    expect((await session.close()).clean).toBe(true);
  });

  test("with REFUSED_STREAM for the second time is a HandshakeError", async () => {
    await using server = await http2Server((stream) => stream.close(NGHTTP2_REFUSED_STREAM));
    await using client = http2Client();
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error).toMatchObject({ phase: "upgrade", status: undefined, url: server.url });
    expect(server.streams).toHaveLength(2);
  });

  test.each([
    ["CANCEL", NGHTTP2_CANCEL],
    ["INTERNAL_ERROR", NGHTTP2_INTERNAL_ERROR],
  ])("with %s instead of an answer is a HandshakeError, and not asked again", async (_, code) => {
    await using server = await http2Server((stream) => stream.close(code));
    await using client = http2Client();
    await failure(client.webSocketSession(server.url), HandshakeError);
    expect(server.streams).toHaveLength(1);
  });

  test.each([
    ["CANCEL", NGHTTP2_CANCEL],
    ["INTERNAL_ERROR", NGHTTP2_INTERNAL_ERROR],
  ])("with %s ends that session alone, as a connection that is reset", async (_, code) => {
    await using server = await http2Server(accept);
    await using client = http2Client();
    const [lost, other] = await Promise.all([
      client.webSocketSession(server.url),
      client.webSocketSession(server.url),
    ]);
    server.streams[0]?.close(code);
    const { clean, error, reason } = await lost.ended;
    expect(clean).toBe(false);
    expect(reason.code).toBe(1006);
    expect(error).toBeInstanceOf(ConnectionError);
    expect((await other.close()).clean).toBe(true);
  });
});

describe("END_STREAM", () => {
  test("without a Close frame is 1006", async () => {
    await using server = await http2Server((stream) => {
      stream.respond({ ":status": 200 });
      stream.end(serverFrame(1, "last"));
    });
    await using client = http2Client();
    const session = await client.webSocketSession(server.url);
    const frame = await session.incoming.receive();
    expect(frame.type === "text" && frame.readText()).toBe("last");
    const { clean, reason, error } = await session.ended;
    expect([clean, reason.code]).toEqual([false, 1006]);
    expect(error).toBeInstanceOf(ConnectionError);
  });

  test("is how a session that was closed ends, on both sides: nothing is reset", async () => {
    const codes: number[] = [];
    await using server = await http2Server((stream) => {
      stream.once("close", () => codes.push(stream.rstCode));
      accept(stream);
    });
    await using client = http2Client();
    for (let count = 0; count < 3; count++) await (await client.webSocketSession(server.url)).close();
    await server.abandoned();
    expect(codes).toEqual([0, 0, 0]);
  });

  test("comes with what was sent before, when a session is given up, and then a CANCEL", async () => {
    const received: Buffer[] = [];
    let stream: ServerHttp2Stream | undefined;
    await using server = await http2Server((opened) => {
      stream = opened;
      opened.respond({ ":status": 200 });
      opened.on("data", (chunk: Buffer) => received.push(chunk));
    });
    await using client = http2Client();
    const session = await client.webSocketSession(server.url);
    await session.send("last words");
    session.cancel();
    await until(() => stream?.closed === true, "the end of the stream");
    expect(Buffer.concat(received).length).toBeGreaterThan(10);
    expect(stream?.rstCode).toBe(NGHTTP2_CANCEL);
  });
});

describe("an abort (LC-01)", () => {
  test("of one who waits for a connection leaves the others waiting for it", async () => {
    await using server = await http2Server(accept);
    await using client = http2Client();
    const controller = watchedController();
    const aborted = rejection(client.webSocketSession({ url: server.url, signal: controller.signal }));
    const other = client.webSocketSession(server.url);
    controller.abort("enough");
    expect(await aborted).toBe("enough");
    expect((await (await other).close()).clean).toBe(true);
    expect(server.connections).toHaveLength(1);
  });

  test("of the only one gives the connection up, at any moment", async () => {
    await using server = await http2Server(accept);
    await using client = http2Client();
    for (let count = 0; count < 30; count++) {
      const controller = watchedController();
      const opening = client.webSocketSession({ url: server.url, signal: controller.signal }).then(
        (session) => session.close(),
        (error: unknown) => error,
      );
      for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
      controller.abort("enough");
      await opening;
      await server.abandoned();
    }
  });

  test("while the server is silent resets the stream, and the others go on", async () => {
    await using server = await http2Server((stream, headers) => {
      if (headers[":path"] !== "/silent") accept(stream);
    });
    await using client = http2Client();
    const other = await client.webSocketSession(server.url);
    const controller = watchedController();
    const aborted = rejection(
      client.webSocketSession({ url: `${server.url}silent`, signal: controller.signal }),
    );
    await until(() => server.streams.length === 2, "the second stream");
    controller.abort("enough");
    expect(await aborted).toBe("enough");
    await until(() => server.streams[1]?.rstCode === NGHTTP2_CANCEL, "the CANCEL");
    expect((await other.close()).clean).toBe(true);
  });
});

test("a place of maxConnections is for a session", async () => {
  await using server = await http2Server(accept);
  await using client = testClient({}, { http2: "require", maxConnections: 2 });
  const [first, second] = await Promise.all([
    client.webSocketSession(server.url),
    client.webSocketSession(server.url),
  ]);
  const third = client.webSocketSession(server.url);
  await turns();
  expect(server.streams).toHaveLength(2);
  await first.close();
  expect((await (await third).close()).clean).toBe(true);
  await second.close();
});

test("a session negotiates as over HTTP/1.1 with a server of ours", async () => {
  await using server = await echoServer();
  await using client = http2Client();
  const session = await client.webSocketSession({ url: server.url, subprotocols: ["a", "b"] });
  expect(session.subprotocol).toBe("b");
  await echoed(session, "text");
  expect((await session.close()).clean).toBe(true);
});
