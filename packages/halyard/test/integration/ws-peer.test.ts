// SPDX-License-Identifier: Apache-2.0
// Against another implementation: npm's ws as the server of our client, and as the client of our server.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RawData, WebSocket, WebSocketServer as WsServer } from "ws";
import { type Frame, HandshakeError, type HttpClient } from "../../src/index.ts";
import { type SessionHandler, upgradeWebSocket, WebSocketServer } from "../../src/server/index.ts";
import { failure, testClient } from "../support/clients.ts";
import { checkLeaks, until } from "../support/leaks.ts";

checkLeaks();

const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20, (3 << 20) + 7];

function bytesOf(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, at) => at * 31));
}

function textOf(frame: Frame): string {
  return Buffer.from(frame.data).toString();
}

describe("ws as the server", () => {
  let server: WsServer;
  let client: HttpClient<"WebSockets">;
  let url: string;

  beforeEach(async () => {
    server = new WsServer({
      port: 0,
      host: "127.0.0.1",
      handleProtocols: (offered) => (offered.has("chat.v2") ? "chat.v2" : false),
    });
    await once(server, "listening");
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/path?q=1`;
    client = testClient();
  });
  afterEach(async () => {
    await client.close();
    await until(() => server.clients.size === 0, "the client has let go of all connections");
    server.close();
  });

  function onConnection(handler: (socket: WebSocket) => void): void {
    server.once("connection", handler);
  }

  function echo(): void {
    onConnection((socket) =>
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
  }

  test("echoes text and binary of all sizes, in order", async () => {
    echo();
    await client.webSocket(url, async (session) => {
      for (const size of sizes) {
        await session.send(bytesOf(size));
        await session.send("é".repeat(size >> 1));
      }
      for (const size of sizes) {
        const binary = await session.incoming.receive();
        expect(binary.type).toBe("binary");
        expect(Buffer.compare(binary.data, bytesOf(size))).toBe(0);
        const text = await session.incoming.receive();
        expect(text.type).toBe("text");
        expect(textOf(text) === "é".repeat(size >> 1)).toBe(true);
      }
    });
  });

  test("sends a message of 20 MiB, when the limit is raised", async () => {
    const message = bytesOf(20 << 20);
    onConnection((socket) => socket.send(message));
    await using patient = testClient({ maxFrameSize: message.length, maxMessageSize: message.length });
    const frame = await patient.webSocket(url, ({ incoming }) => incoming.receive());
    expect(Buffer.compare(frame.data, message)).toBe(0);
  });

  test("has all that was sent when flush() resolves, behind close() as well", async () => {
    let count = 0;
    onConnection((socket) => socket.on("message", () => count++));
    await client.webSocket(url, async (session) => {
      for (let index = 0; index < 10; index++) await session.send("message");
      await session.close();
      await session.flush();
    });
    expect(count).toBe(10);
  });

  test("sends fragments, which come as one message, and between them a ping", async () => {
    let pongs = 0;
    onConnection((socket) => {
      socket.on("pong", () => pongs++);
      socket.send("one ", { fin: false });
      socket.ping("between");
      socket.send("two ", { fin: false });
      socket.send("three", { fin: true });
      socket.send(Buffer.of(1), { fin: false });
      socket.send(Buffer.of(2), { fin: true });
    });
    await client.webSocket(url, async ({ incoming }) => {
      expect(textOf(await incoming.receive())).toBe("one two three");
      expect([...(await incoming.receive()).data]).toEqual([1, 2]);
      await until(() => pongs === 1, "the pong");
    });
  });

  test("shows them as they are to a raw session", async () => {
    onConnection((socket) => {
      socket.send("one", { fin: false });
      socket.ping("between");
      socket.send("two", { fin: true });
      socket.close(4001, "bye");
    });
    const frames = await client.webSocketRaw(url, async (session) => {
      const seen: string[] = [];
      for await (const frame of session.incoming) seen.push(`${frame.type} ${frame.fin}`);
      return seen;
    });
    expect(frames).toEqual(["text false", "ping true", "text true", "close true"]);
  });

  test("is pinged, and its pongs measure the latency", async () => {
    echo();
    await using quick = testClient({ pingInterval: 5 });
    await quick.webSocket(url, async (session) => {
      await until(() => session.latency !== null, "a pong");
      expect(session.latency).toBeLessThan(2_000);
    });
  });

  test.each([1000, 1001, 1008, 1011, 3000, 4999])("closes with %i, and hears the same", async (code) => {
    let heard: number | undefined;
    onConnection((socket) => {
      socket.on("close", (received) => (heard = received));
      socket.close(code, "why not");
    });
    const session = await client.webSocketSession(url);
    expect(await session.ended).toMatchObject({
      clean: true,
      initiator: "peer",
      received: { code, message: "why not" },
      sent: { code },
      error: undefined,
    });
    await until(() => heard !== undefined, "the end at the server");
    expect(heard).toBe(code);
  });

  test.each([1000, 1001, 3000, 4999])("hears our %i, and answers it", async (code) => {
    let heard: [number, string] | undefined;
    onConnection((socket) => socket.on("close", (received, why) => (heard = [received, String(why)])));
    const session = await client.webSocketSession(url);
    const end = await session.close({ code, message: "enough" });
    expect(end).toMatchObject({ clean: true, initiator: "local", reason: { code }, received: { code } });
    await until(() => heard !== undefined, "the end at the server");
    expect(heard).toEqual([code, "enough"]);
  });

  test("goes away without a word: 1006", async () => {
    onConnection((socket) => socket.terminate());
    const session = await client.webSocketSession(url);
    expect(await session.ended).toMatchObject({ clean: false, reason: { code: 1006 } });
  });

  test("chooses a subprotocol", async () => {
    const request = { url, subprotocols: ["chat.v1", "chat.v2"] };
    expect(await client.webSocket(request, (session) => session.subprotocol)).toBe("chat.v2");
  });

  test("chooses none: the handshake fails", async () => {
    const error = await failure(client.webSocketSession({ url, subprotocols: ["soap"] }), HandshakeError);
    expect(error.message).toMatch(/none of the 1 subprotocols/);
  });

  test("sees path, query and headers", async () => {
    const connected = once(server, "connection");
    const request = { url, headers: { "X-Team": "red", Authorization: "Bearer t" }, query: { b: "c d" } };
    await client.webSocket(request, ({ call }) => expect(call.response.status).toBe(101));
    const [, message] = (await connected) as [WebSocket, { url: string; headers: Record<string, string> }];
    expect(message.url).toBe("/path?q=1&b=c+d");
    expect(message.headers).toMatchObject({
      "x-team": "red",
      authorization: "Bearer t",
      host: new URL(url).host,
      "user-agent": "halyard",
      connection: "Upgrade",
      upgrade: "websocket",
    });
  });
});

/** Our server in both its forms, with one handler at /. */
const forms: Record<
  string,
  (handler: SessionHandler) => Promise<{ url: string; close: () => Promise<unknown> }>
> = {
  WebSocketServer: async (handler) => {
    const server = new WebSocketServer({ subprotocols: ["chat.v2", "chat.v1"], closeTimeout: 2_000 });
    server.webSocket("/path", handler);
    const { url } = await server.listen();
    return { url, close: () => server.close() };
  },
  "upgradeWebSocket behind node:http": async (handler) => {
    const server: Server = createServer((_, response) => response.end("plain"));
    const sessions: Promise<void>[] = [];
    const options = { subprotocols: ["chat.v2", "chat.v1"] };
    server.on("upgrade", (request, socket, head) => {
      sessions.push(upgradeWebSocket(request, socket, head, handler, options));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const close = () => {
      server.close();
      return Promise.all([once(server, "close"), ...sessions]);
    };
    return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
  },
};

describe.each(Object.keys(forms))("ws as the client of %s", (form) => {
  /** Runs a handler on the server and a client against it, and waits for both to end. */
  async function against(
    handler: SessionHandler,
    run: (socket: WebSocket) => Promise<void>,
    protocols: string[] = [],
  ): Promise<void> {
    const make = forms[form];
    if (make === undefined) throw new Error("no such form");
    const server = await make(handler);
    const socket = new WebSocket(`${server.url}/path`, protocols);
    try {
      await once(socket, "open");
      await run(socket);
      if (socket.readyState !== WebSocket.CLOSED) {
        const closed = once(socket, "close");
        socket.close(1000);
        await closed;
      }
    } finally {
      socket.terminate();
      await server.close();
    }
  }

  const echo: SessionHandler = async (session) => {
    for await (const frame of session.incoming) await session.send(frame);
  };

  test("text and binary of all sizes are echoed, in order", async () => {
    await against(echo, async (socket) => {
      const received: [Buffer, boolean][] = [];
      socket.on("message", (data: RawData, isBinary) => received.push([data as Buffer, isBinary]));
      for (const size of sizes) {
        socket.send(bytesOf(size));
        socket.send("é".repeat(size >> 1));
      }
      await until(() => received.length === 2 * sizes.length, "all messages");
      for (const [at, size] of sizes.entries()) {
        const [[binary, isBinary] = [], [text, isText] = []] = received.slice(2 * at);
        expect([isBinary, isText]).toEqual([true, false]);
        expect(Buffer.compare(binary ?? Buffer.alloc(0), bytesOf(size))).toBe(0);
        expect(String(text) === "é".repeat(size >> 1)).toBe(true);
      }
    });
  });

  test("fragments come as one message, and a ping between them is answered", async () => {
    await against(echo, async (socket) => {
      const seen: string[] = [];
      socket.on("pong", (data) => seen.push(`pong ${String(data)}`));
      socket.on("message", (data: RawData) => seen.push(String(data as Buffer)));
      socket.send("one ", { fin: false });
      socket.ping("between");
      socket.send("two", { fin: true });
      await until(() => seen.length === 2, "pong and message");
      expect(seen.sort()).toEqual(["one two", "pong between"]);
    });
  });

  test("a handler that returns closes with 1000", async () => {
    await against(
      () => undefined,
      async (socket) => {
        const [code] = (await once(socket, "close")) as [number];
        expect(code).toBe(1000);
      },
    );
  });

  test.each([1000, 1001, 3000, 4999])("a close with %i is answered with the same", async (code) => {
    let reason: unknown;
    const handler: SessionHandler = async (session) => {
      reason = await session.closeReason;
    };
    await against(handler, async (socket) => {
      const closed = once(socket, "close");
      socket.close(code, "enough");
      const [received] = (await closed) as [number];
      expect(received).toBe(code);
      expect(reason).toMatchObject({ code, message: "enough" });
    });
  });

  test("a client that goes away without a word ends the handler's loop with an error", async () => {
    let end: unknown;
    const handler: SessionHandler = async (session) => {
      try {
        await session.incoming.receive();
      } finally {
        end = await session.ended;
      }
    };
    await against(handler, async (socket) => {
      socket.terminate();
      await until(() => end !== undefined, "the end of the handler");
      expect(end).toMatchObject({ clean: false, reason: { code: 1006 }, initiator: "peer" });
    });
  });

  test("the server's preference chooses the subprotocol", async () => {
    let chosen = "";
    const handler: SessionHandler = async (session) => {
      chosen = session.subprotocol;
      await session.closeReason;
    };
    await against(
      handler,
      async (socket) => {
        expect(socket.protocol).toBe("chat.v2");
        expect(chosen).toBe("chat.v2");
      },
      ["chat.v1", "chat.v2"],
    );
  });
});
