// SPDX-License-Identifier: Apache-2.0
// permessage-deflate over real sockets: with ourselves, and with npm's ws in either role.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PerMessageDeflateOptions, type RawData, WebSocket, WebSocketServer as WsServer } from "ws";
import { type DeflateConfig, deflate } from "../../src/extensions/deflate/node/index.ts";
import { Frame, HandshakeError } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { noise } from "../extensions/deflate/support.ts";
import { failure, testClient } from "../support/clients.ts";
import { hostileServer } from "../support/hostile-server.ts";
import { checkLeaks, until } from "../support/leaks.ts";

checkLeaks();

type Content = string | Uint8Array;

function words(length: number, seed = 0): string {
  return Array.from({ length: Math.ceil(length / 12) }, (_, at) => `{"id":${(at * 7 + seed) % 97},ä}`)
    .join("")
    .slice(0, length);
}

/** Small and large, easy and hard: past 32 KiB they are compressed, past 16 KiB inflated, on a thread. */
const contents: readonly Content[] = [
  "",
  "x",
  words(900),
  words(5_000),
  words(5_000, 1),
  words(200_000),
  "behind the large one",
  noise(60_000),
  new Uint8Array(0),
  noise(20_000),
  words(1_200),
  new Uint8Array(300_000),
  "last",
];

function shown(content: Content): string {
  const bytes = Buffer.from(content as string);
  return `${typeof content} ${bytes.length} ${bytes.toString("base64url").slice(0, 40)} ${checksum(bytes)}`;
}

function checksum(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7);
}

function ofFrame(frame: Frame): string {
  return shown(frame.type === "text" ? Buffer.from(frame.data).toString() : new Uint8Array(frame.data));
}

function ofWs(data: RawData, isBinary: boolean): string {
  return shown(isBinary ? new Uint8Array(data as Buffer) : String(data as Buffer));
}

const expected = contents.map(shown);

/** A server of ours that says everything back. */
async function ourEcho(config: DeflateConfig): Promise<{ url: string } & AsyncDisposable> {
  const server = new WebSocketServer({ extensions: [deflate(config)], closeTimeout: 2_000 });
  server.webSocket("/", async (session) => {
    for await (const frame of session.incoming) await session.send(frame);
  });
  const { url } = await server.listen();
  return { url, [Symbol.asyncDispose]: () => server.close() };
}

/** A server of ws that says everything back. */
async function wsEcho(options: PerMessageDeflateOptions): Promise<{ url: string } & AsyncDisposable> {
  const server = new WsServer({ port: 0, host: "127.0.0.1", perMessageDeflate: options });
  server.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await once(server, "listening");
  const close = async (): Promise<void> => {
    await until(() => server.clients.size === 0, "all connections are gone");
    server.close();
  };
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

/** Sends all through a session of ours while it receives, and gives what came back and what was agreed on. */
async function throughUs(url: string, config: DeflateConfig, all: readonly Content[] = contents) {
  await using client = testClient({ extensions: [deflate(config)] });
  return await client.webSocket(url, async (session) => {
    const sending = (async () => {
      for (const content of all) await session.send(content);
    })();
    const received: string[] = [];
    while (received.length < all.length) received.push(ofFrame(await session.incoming.receive()));
    await sending;
    return { received, agreed: session.call.response.headers.get("Sec-WebSocket-Extensions") };
  });
}

/** The same through a client of ws. */
async function throughWs(url: string, options: PerMessageDeflateOptions, all: readonly Content[] = contents) {
  const socket = new WebSocket(url, { perMessageDeflate: options });
  const received: string[] = [];
  socket.on("message", (data, isBinary) => received.push(ofWs(data, isBinary)));
  await once(socket, "open");
  for (const content of all) socket.send(content);
  await until(() => received.length === all.length, "all messages");
  const agreed = socket.extensions;
  const closed = once(socket, "close");
  socket.close();
  expect((await closed)[0]).toBe(1005);
  return { received, agreed };
}

const bits = [8, 9, 10, 11, 12, 13, 14, 15];
const parameters: readonly DeflateConfig[] = [
  {},
  { clientNoContextTakeover: true },
  { serverNoContextTakeover: true },
  { clientNoContextTakeover: true, serverNoContextTakeover: true },
  ...bits.map((clientMaxWindowBits) => ({ clientMaxWindowBits })),
  ...bits.map((serverMaxWindowBits) => ({ serverMaxWindowBits })),
  { clientMaxWindowBits: 8, serverMaxWindowBits: 8, clientNoContextTakeover: true, threshold: 0 },
];

describe.each(parameters)("with %o (CM-05)", (config) => {
  test("our client asks our server", async () => {
    await using server = await ourEcho({});
    const { received, agreed } = await throughUs(server.url, config);
    expect(received).toEqual(expected);
    expect(agreed).toMatch(/^permessage-deflate/);
  });

  test("our server tells our client", async () => {
    await using server = await ourEcho(config);
    const { received, agreed } = await throughUs(server.url, {});
    expect(received).toEqual(expected);
    if (config.clientNoContextTakeover) expect(agreed).toContain("client_no_context_takeover");
    if (config.serverNoContextTakeover) expect(agreed).toContain("server_no_context_takeover");
    if ((config.clientMaxWindowBits ?? 15) < 15)
      expect(agreed).toContain(`client_max_window_bits=${config.clientMaxWindowBits}`);
    if ((config.serverMaxWindowBits ?? 15) < 15)
      expect(agreed).toContain(`server_max_window_bits=${config.serverMaxWindowBits}`);
  });

  test("our client asks ws", async () => {
    await using server = await wsEcho({ threshold: 0 });
    const { received, agreed } = await throughUs(server.url, config);
    expect(received).toEqual(expected);
    expect(agreed).toMatch(/^permessage-deflate/);
  });

  test("our server tells ws", async () => {
    await using server = await ourEcho(config);
    const { received, agreed } = await throughWs(server.url, { threshold: 0 });
    expect(received).toEqual(expected);
    expect(agreed).toBe("permessage-deflate");
  });

  test("ws asks our server", async () => {
    const { threshold: _, ...wishes } = config;
    await using server = await ourEcho({ threshold: 0 });
    expect((await throughWs(server.url, wishes)).received).toEqual(expected);
  });
});

describe("what is compressed (CM-09)", () => {
  /** The first byte and the size of each data frame that a client sends, each up to 65,535 bytes. */
  async function sent(config: DeflateConfig, send: (session: Sender) => Promise<void>): Promise<string[]> {
    const seen: string[] = [];
    await using server = await hostileServer(async (peer) => {
      await peer.accept(undefined, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
      for (let first = 0; first !== 0x88; ) {
        const header = await peer.bytes(2);
        first = header[0] ?? 0;
        const short = (header[1] ?? 0) & 0x7f;
        const size = short === 126 ? (await peer.bytes(2)).readUInt16BE() : short;
        await peer.bytes(4 + size);
        if (first !== 0x88) seen.push(`${first.toString(16)} ${size < 100 ? "small" : "large"}`);
      }
      peer.end(Buffer.of(0x88, 0).toString("latin1"));
    });
    await using client = testClient({ extensions: [deflate(config)] });
    await client.webSocket(server.url, send);
    return seen;
  }
  type Sender = {
    send(content: Content | Frame, options?: { compress?: boolean | undefined }): Promise<void>;
  };
  const text = "a".repeat(2_000);

  test("is what reaches the threshold", async () => {
    const send = async (session: Sender): Promise<void> => {
      for (const size of [0, 1_023, 1_024, 2_000]) await session.send(text.slice(0, size));
    };
    expect(await sent({}, send)).toEqual(["81 small", "81 large", "c1 small", "c1 small"]);
    expect(await sent({ threshold: 0 }, send)).toEqual(["c1 small", "c1 small", "c1 small", "c1 small"]);
    expect(await sent({ threshold: Infinity }, send)).toEqual(["81 small", ...Array(3).fill("81 large")]);
  });

  test("is what compressIf, and then the sender, wants", async () => {
    const config: DeflateConfig = { compressIf: ({ type }) => type === "binary" };
    const seen = await sent(config, async (session) => {
      for (const compress of [undefined, true, false]) {
        await session.send(text, { compress });
        await session.send(Buffer.from(text), { compress });
      }
    });
    expect(seen).toEqual(["81 large", "c2 small", "c1 small", "c2 small", "81 large", "82 large"]);
  });

  test("is no message that would become larger: one of exactly the peer's limit arrives", async () => {
    const limit = 100_000;
    const limits = { maxFrameSize: limit, maxMessageSize: limit, extensions: [deflate()] };
    await using server = new WebSocketServer(limits);
    server.webSocket("/", async (session) => session.send(await session.incoming.receive()));
    const { url } = await server.listen();
    await using client = testClient(limits);
    await client.webSocket(url, async (session) => {
      await session.send(noise(limit));
      expect(ofFrame(await session.incoming.receive())).toBe(shown(noise(limit)));
    });
  });

  test("is all of a message that is sent in fragments, or nothing", async () => {
    const seen = await sent({}, async (session) => {
      for (const compress of [undefined, false]) {
        await session.send(new Frame.Text(text, { fin: false }), { compress });
        await session.send(new Frame.Text(text, { fin: false }));
        await session.send(new Frame.Text("", { fin: true }));
      }
    });
    expect(seen).toEqual(["41 small", "0 small", "80 small", "1 large", "0 large", "80 small"]);
  });
});

describe("a Close frame right behind large messages (CL-09, CM-06)", () => {
  const large = [words(400_000), noise(100_000), words(200_000, 3), "end"];

  test.each(["client", "server"])("of a %s loses none of them", async (role) => {
    const received: string[] = [];
    const send = async (session: { send(content: Content): Promise<void> }): Promise<void> => {
      for (const content of large) await session.send(content);
    };
    const receive = async (session: { incoming: AsyncIterable<Frame> }): Promise<void> => {
      for await (const frame of session.incoming) received.push(ofFrame(frame));
    };
    await using server = new WebSocketServer({ extensions: [deflate()] });
    let ended: Promise<unknown> = Promise.resolve();
    server.webSocket("/", (session) => {
      ended = session.ended;
      return role === "server" ? send(session) : receive(session);
    });
    const { url } = await server.listen();
    await using client = testClient({ extensions: [deflate()] });
    const session = await client.webSocketSession(url);
    if (role === "client") await send(session);
    else await receive(session);
    expect(await session.close()).toMatchObject({ clean: true, unsent: 0 });
    expect(await ended).toMatchObject({ clean: true, unsent: 0 });
    expect(received).toEqual(large.map(shown));
  });
});

describe("the handshake fails, with the URL and the status, and nothing stays open", () => {
  test.each([
    ["an extension that was not offered", "x-other", /was not offered/],
    ["it twice", "permessage-deflate, permessage-deflate", /not offered, or twice/],
    ["an unknown parameter", "permessage-deflate; fast", /no parameter "fast"/],
    ["a window of 7 bits", "permessage-deflate; server_max_window_bits=7", /must be 8 to 15/],
    ["a bare window", "permessage-deflate; client_max_window_bits", /must be 8 to 15/],
    [
      "a parameter twice",
      "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
      /comes twice/,
    ],
    ["what is no header", "permessage-deflate;;", /malformed/],
  ])("for %s", async (_, answer, message) => {
    await using server = await hostileServer((peer) =>
      peer.accept(undefined, `Sec-WebSocket-Extensions: ${answer}\r\n`),
    );
    await using client = testClient({ extensions: [deflate()] });
    const error = await failure(client.webSocketSession(`${server.url}?token=secret`), HandshakeError);
    expect(error).toMatchObject({ status: 101, url: expect.stringContaining(server.url) });
    expect(error.message).toMatch(message);
    expect(error.url).not.toContain("secret");
    await server.abandoned();
  });

  test("for a wish that was not granted", async () => {
    await using server = await hostileServer((peer) =>
      peer.accept(undefined, "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
    );
    await using client = testClient({ extensions: [deflate({ serverMaxWindowBits: 10 })] });
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error).toMatchObject({ status: 101, url: server.url });
  });
});

describe("messages of all kinds, in fragments or not, are the same at the other end (CM-05)", () => {
  const content: fc.Arbitrary<Content> = fc.oneof(
    { weight: 4, arbitrary: fc.string({ maxLength: 60, unit: "grapheme-ascii" }) },
    { weight: 3, arbitrary: fc.tuple(fc.nat(9_000), fc.nat(9)).map(([size, seed]) => words(size, seed)) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.nat(3_000), fc.nat(99)).map(([size, seed]) => noise(size, seed + 1)),
    },
    { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 150_000 }).map((size) => words(size)) },
  );
  const message = fc.record({
    content,
    cuts: fc.array(fc.nat(200_000), { maxLength: 3 }),
    compress: fc.boolean(),
  });
  const size = fc.constantFrom(undefined, 9, 10, 12, 15);
  const settings = fc.record({
    clientNoContextTakeover: fc.boolean(),
    serverNoContextTakeover: fc.boolean(),
    clientMaxWindowBits: size,
    serverMaxWindowBits: size,
    threshold: fc.constantFrom(0, 100, 1_024),
  });
  type Message = { content: Content; cuts: number[]; compress: boolean };

  function fragments({ content: whole, cuts }: Message): { part: Uint8Array; fin: boolean }[] {
    const bytes = Buffer.from(whole as string);
    const places = cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
    return [...places, bytes.length].map((end, at) => ({
      part: bytes.subarray(places[at - 1] ?? 0, end),
      fin: at === places.length,
    }));
  }

  async function fragmented(
    url: string,
    config: DeflateConfig,
    messages: readonly Message[],
  ): Promise<string[]> {
    await using client = testClient({ extensions: [deflate(config)] });
    return await client.webSocket(url, async (session) => {
      const send = async (): Promise<void> => {
        for (const each of messages) {
          const DataFrame = typeof each.content === "string" ? Frame.Text : Frame.Binary;
          for (const { part, fin } of fragments(each)) {
            await session.send(new DataFrame(part, { fin }), { compress: each.compress });
          }
        }
      };
      const sending = send();
      const received: string[] = [];
      while (received.length < messages.length) received.push(ofFrame(await session.incoming.receive()));
      await sending;
      return received;
    });
  }

  async function fragmentedByWs(
    url: string,
    options: PerMessageDeflateOptions,
    messages: readonly Message[],
  ) {
    const socket = new WebSocket(url, { perMessageDeflate: options });
    const received: string[] = [];
    socket.on("message", (data, isBinary) => received.push(ofWs(data, isBinary)));
    await once(socket, "open");
    for (const each of messages) {
      const binary = typeof each.content !== "string";
      for (const { part, fin } of fragments(each))
        socket.send(part, { fin, binary, compress: each.compress });
    }
    await until(() => received.length === messages.length, "all messages");
    const closed = once(socket, "close");
    socket.close();
    await closed;
    return received;
  }

  let ws: Awaited<ReturnType<typeof wsEcho>>;
  beforeAll(async () => {
    ws = await wsEcho({ threshold: 0 });
  });
  afterAll(() => ws[Symbol.asyncDispose]());

  test("through us, and through ws in either role", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 8 }),
        settings,
        async (messages, config) => {
          const same = messages.map((each) => shown(each.content));
          await using ours = await ourEcho({ threshold: config.threshold });
          expect(await fragmented(ours.url, config, messages)).toEqual(same);
          expect(await fragmented(ws.url, config, messages)).toEqual(same);
          expect(await fragmentedByWs(ours.url, config, messages)).toEqual(same);
        },
      ),
      { numRuns: 40, interruptAfterTimeLimit: 4_000 },
    );
  }, 10_000);
});
