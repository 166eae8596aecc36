// SPDX-License-Identifier: Apache-2.0
// Messages in parts over real sockets: sent, received, piped, with and without compression, by us and by npm's ws.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RawData, WebSocket, WebSocketServer as WsServer } from "ws";
import { type DeflateConfig, deflate } from "../../src/extensions/deflate/node/index.ts";
import { bounded, Frame, FrameTooBigError, ProtocolViolationError } from "../../src/index.ts";
import { type SessionHandler, WebSocketServer } from "../../src/server/index.ts";
import { type ReceiveStreamOptions, receiveStream, streamsOf } from "../../src/streams/index.ts";
import { noise } from "../extensions/deflate/support.ts";
import { rejection, testClient } from "../support/clients.ts";
import { hostileServer, type Peer } from "../support/hostile-server.ts";
import { checkLeaks, turn, until, watchedController } from "../support/leaks.ts";

checkLeaks();

const MiB = 2 ** 20;
const agreed = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
/** What the kernel may hold of a loopback connection, on both sides, with some to spare. */
const kernelBytes = 24 * MiB;

type Content = string | Uint8Array;

const isSame = (a: Content, b: Content): boolean =>
  typeof a === typeof b && Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) === 0;

/** Says every message back while it comes, but for empty ones: they are messages without parts. */
const echo: SessionHandler = async (session) => {
  for (;;) {
    const stream = await receiveStream(session).catch(() => null);
    if (stream === null) return;
    await session.send(stream as AsyncIterable<string>);
  }
};

async function ourServer(
  handler: SessionHandler,
  config: ConstructorParameters<typeof WebSocketServer>[0] = {},
): Promise<{ url: string } & AsyncDisposable> {
  const server = new WebSocketServer({ closeTimeout: 2_000, ...config });
  server.webSocket("/", handler);
  const { url } = await server.listen();
  return { url, [Symbol.asyncDispose]: () => server.close() };
}

/** A server of ws that says everything back, and tells how each message came. */
async function wsEcho(isCompressed: boolean): Promise<{ url: string } & AsyncDisposable> {
  const perMessageDeflate = isCompressed ? { threshold: 0 } : false;
  const server = new WsServer({ port: 0, host: "127.0.0.1", perMessageDeflate, maxPayload: 256 * MiB });
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

async function* parts<T>(...all: T[]): AsyncGenerator<T, void, undefined> {
  for (const part of all) {
    await turn();
    yield part;
  }
}

/** A payload as RFC 7692 section 7.2.1 makes it. */
function deflated(bytes: Uint8Array): Buffer {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** The header of a server's frame of more than 125 bytes. */
function header(first: number, length: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeBigUInt64BE(BigInt(length), 2);
  if (length > 0xffff) return Buffer.concat([Buffer.of(first, 127), bytes.subarray(2)]);
  return Buffer.concat([Buffer.of(first, 126), bytes.subarray(8)]);
}

/** Accepts, and waits for the client's word: it has called receiveStream, and holds no message to a limit any more. */
async function streaming(peer: Peer, headers?: string): Promise<void> {
  await peer.accept(undefined, headers);
  await peer.frame();
}

/** Calls receiveStream, and lets the peer begin. */
async function streamFrom(session: Session, options?: ReceiveStreamOptions): Promise<StreamOf<"binary">> {
  const receiving = receiveStream(session, options);
  await session.send("go", { compress: false });
  return (await receiving) as StreamOf<"binary">;
}

/** The code of the Close frame that comes next. */
async function closeCode(peer: Peer): Promise<number> {
  for (;;) {
    const { first, payload } = await peer.frame();
    if (first === 0x88) return payload.readUInt16BE();
  }
}

describe.each([
  ["plain", undefined],
  ["compressed", { threshold: 0 }],
  ["compressed without contexts", { clientNoContextTakeover: true, serverNoContextTakeover: true }],
] as [string, DeflateConfig | undefined][])("a message in parts, %s,", (_, config) => {
  const extensions = config === undefined ? [] : [deflate(config)];
  const text = ["one \ud83d", "", "\ude00 ", "x".repeat(70_000), "ä"];
  const bytes = [noise(10), new Uint8Array(0), noise(70_000), new Uint8Array(100_000)];

  test("is one message to ws, and comes back", async () => {
    await using server = await wsEcho(config !== undefined);
    await using client = testClient({ extensions });
    await client.webSocket(server.url, async (session) => {
      for (let round = 0; round < 2; round++) {
        await Promise.all([
          session.send(parts(...text)),
          session.send("between"),
          session.send(parts(...bytes)),
        ]);
        expect(isSame(await (await streamOf(session, "text")).text(), text.join(""))).toBe(true);
        expect(await (await streamOf(session, "text")).text()).toBe("between");
        expect(isSame(await (await streamOf(session, "binary")).bytes(), Buffer.concat(bytes))).toBe(true);
      }
    });
  });

  test("goes through our server as it comes", async () => {
    await using server = await ourServer(echo, { extensions });
    await using client = testClient({ extensions });
    await client.webSocket(server.url, async (session) => {
      let go: () => void = () => undefined;
      const halfway = new Promise<void>((resolve) => (go = resolve));
      const sending = session.send(
        (async function* () {
          yield "first";
          await halfway;
          yield "second";
        })(),
      );
      const stream = await streamOf(session, "text");
      const chunks = stream[Symbol.asyncIterator]();
      // Compression may keep a part back, until more comes.
      if (config === undefined) expect((await chunks.next()).value).toBe("first");
      go();
      await sending;
      expect(await stream.text()).toBe(config === undefined ? "second" : "firstsecond");
    });
  });

  test("comes from a client of ws in fragments", async () => {
    await using server = await ourServer(echo, { extensions });
    const socket = new WebSocket(server.url, { perMessageDeflate: { threshold: 0 } });
    const received: Content[] = [];
    socket.on("message", (data: RawData, isBinary) =>
      received.push(isBinary ? (data as Buffer) : String(data as Buffer)),
    );
    await once(socket, "open");
    for (const [at, part] of text.entries())
      socket.send(Buffer.from(part), { binary: false, fin: at === text.length - 1 });
    for (const [at, part] of bytes.entries()) socket.send(part, { fin: at === bytes.length - 1 });
    await until(() => received.length === 2, "both messages");
    // ws has made bytes of each string by itself, and so two characters of the cut one.
    expect(isSame(received[0] ?? "", text.map((part) => String(Buffer.from(part))).join(""))).toBe(true);
    expect(isSame(received[1] ?? "", Buffer.concat(bytes))).toBe(true);
    const closed = once(socket, "close");
    socket.close(1000);
    expect((await closed)[0]).toBe(1000);
  });
});

type Session = Parameters<typeof receiveStream>[0];
type StreamOf<T extends "text" | "binary"> = Extract<Awaited<ReturnType<typeof receiveStream>>, { type: T }>;

async function streamOf<T extends "text" | "binary">(session: Session, type: T): Promise<StreamOf<T>> {
  const stream = await receiveStream(session);
  expect(stream.type).toBe(type);
  return stream as StreamOf<T>;
}

test.each([
  ["the extension's threshold", {}, undefined, 0x41],
  ["a threshold that nothing reaches", { threshold: Infinity }, undefined, 0x01],
  ["compressIf", { compressIf: () => false }, undefined, 0x01],
  ["the sender", {}, false, 0x01],
] as [string, DeflateConfig, boolean | undefined, number][])(
  "whether a message in parts is compressed decides %s",
  async (_, config, compress, first) => {
    const firsts: number[] = [];
    await using server = await hostileServer(async (peer) => {
      await peer.accept(undefined, agreed);
      do firsts.push((await peer.frame()).first);
      while (firsts.at(-1) !== 0x88);
      peer.end(Buffer.of(0x88, 0).toString("latin1"));
    });
    await using client = testClient({ extensions: [deflate(config)] });
    await client.webSocket(server.url, (session) => session.send(parts("aaaa", "aaaa"), { compress }));
    expect(firsts).toEqual([first, 0x00, 0x80, 0x88]);
  },
);

describe("a frame of 4 GiB", () => {
  test("comes as it is read, past all limits but the stream's own", async () => {
    const chunk = Buffer.alloc(MiB, 1);
    let written = 0;
    await using server = await hostileServer(async (peer) => {
      await streaming(peer);
      peer.write(header(0x82, 2 ** 32));
      await peer.pour(
        (function* () {
          for (; ; written += chunk.length) yield chunk;
        })(),
      );
    });
    await using client = testClient({ maxFrameSize: 1_000, maxMessageSize: 1_000 });
    await using session = await client.webSocketSession(server.url);
    let size = 0;
    for await (const each of await streamFrom(session)) {
      expect(each.length).toBeLessThanOrEqual(65_536);
      size += each.length;
      if (size > 64 * MiB) break;
    }
    expect(written).toBeLessThan(size + kernelBytes);
    session.cancel();
  });

  test("stops the server while nobody reads it", async () => {
    await using server = await hostileServer(async (peer) => {
      await streaming(peer);
      peer.write(header(0x82, 2 ** 32));
      const chunk = Buffer.alloc(MiB);
      await peer.pour(Array(512).fill(chunk) as Buffer[]);
    });
    await using client = testClient({ maxFrameSize: 1_000 });
    await using session = await client.webSocketSession(server.url);
    const stream = await streamFrom(session);
    const written = (): number => server.peer.socket.bytesWritten - server.peer.socket.writableLength;
    let last = -1;
    for (let unchanged = 0; unchanged < 200; unchanged++) {
      await turn();
      if (written() !== last) unchanged = 0;
      last = written();
    }
    expect(last).toBeLessThan(kernelBytes);
    stream.cancel();
    await until(() => written() > 2 * kernelBytes, "what is dropped makes room");
    session.cancel();
  });
});

describe("a compressed message of 64 MiB in 64 KiB", () => {
  const bomb = deflated(new Uint8Array(64 * MiB));
  const script = (codes: number[]) => async (peer: Peer) => {
    await streaming(peer, agreed);
    peer.write(Buffer.concat([header(0xc2, bomb.length), bomb]));
    codes.push(await closeCode(peer));
    peer.end(Buffer.of(0x88, 0).toString("latin1"));
  };

  test("is read in chunks, where the stream has no limit", async () => {
    const codes: number[] = [];
    await using server = await hostileServer(script(codes));
    await using client = testClient({ extensions: [deflate()] });
    const size = await client.webSocket(server.url, async (session) => {
      let sum = 0;
      for await (const chunk of await streamFrom(session)) sum += chunk.length;
      return sum;
    });
    expect(size).toBe(64 * MiB);
    expect(codes).toEqual([1000]);
  });

  test("fails with 1009, where it has one", async () => {
    const codes: number[] = [];
    await using server = await hostileServer(script(codes));
    await using client = testClient({ extensions: [deflate()] });
    await using session = await client.webSocketSession(server.url);
    const stream = await streamFrom(session, { maxMessageSize: MiB });
    expect(await rejection(stream.bytes())).toBeInstanceOf(FrameTooBigError);
    await session.ended;
    expect(codes).toEqual([1009]);
  });

  test("that is no DEFLATE fails with 1007, behind what was good", async () => {
    const codes: number[] = [];
    await using server = await hostileServer(async (peer) => {
      await streaming(peer, agreed);
      const good = deflateRawSync(Buffer.from("good"), { finishFlush: constants.Z_SYNC_FLUSH });
      peer.write(Buffer.concat([Buffer.of(0x42, good.length), good, Buffer.of(0x80, 3, 0xff, 0xff, 0xff)]));
      codes.push(await closeCode(peer));
      peer.end();
    });
    await using client = testClient({ extensions: [deflate()] });
    await using session = await client.webSocketSession(server.url);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of await streamFrom(session)) seen.push(String(Buffer.from(chunk)));
    })();
    expect(await rejection(reading)).toBeInstanceOf(ProtocolViolationError);
    expect(seen).toEqual(["good"]);
    await session.ended;
    expect(codes).toEqual([1007]);
  });
});

describe("a block that returns", () => {
  test("closes cleanly, though a stream is left unread", async () => {
    await using server = await ourServer(async (session) => {
      await session.send(parts(...Array<Uint8Array>(20).fill(new Uint8Array(MiB)))).catch(() => undefined);
      await session.closeReason;
    });
    await using client = testClient();
    let ended: Promise<{ clean: boolean }> | undefined;
    await client.webSocket(server.url, async (session) => {
      ({ ended } = session);
      await receiveStream(session);
    });
    expect(await ended).toMatchObject({ clean: true });
  });
});

test("an abort of the sender, which waits for a peer that does not read, ends the session at once", async () => {
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    peer.socket.pause();
  });
  const controller = watchedController();
  await using client = testClient({ channels: { outgoing: bounded({ bytes: MiB }) }, closeTimeout: 50 });
  await using session = await client.webSocketSession(server.url);
  let pulled = 0;
  const endless = (async function* () {
    for (; ; pulled++) yield new Uint8Array(MiB);
  })();
  const sent = rejection(session.send(endless, { signal: controller.signal }));
  let last = -1;
  for (let unchanged = 0; unchanged < 200; unchanged++) {
    await turn();
    if (pulled !== last) unchanged = 0;
    last = pulled;
  }
  expect(pulled * MiB).toBeLessThan(kernelBytes);
  controller.abort(new Error("enough"));
  expect(await sent).toBe(controller.signal.reason);
  expect(await session.ended).toMatchObject({ clean: false, error: controller.signal.reason });
  // It does not read, and so would not see the end.
  server.peer.socket.destroy();
});

test("sessions are streams of the platform, in both roles", async () => {
  await using server = await ourServer(async (session) => {
    const { readable, writable } = streamsOf(session);
    await readable.pipeTo(writable).catch(() => undefined);
  });
  await using client = testClient();
  await using session = await client.webSocketSession(server.url);
  const { readable, writable } = streamsOf(session);
  const messages: Content[] = ["one", noise(100_000), "", "x".repeat(300_000)];
  const sending = (async () => {
    const writer = writable.getWriter();
    for (const message of messages) await writer.write(message);
    return writer;
  })();
  const reader = readable.getReader();
  for (const message of messages) {
    const { value = "" } = await reader.read();
    expect(isSame(value, message)).toBe(true);
  }
  await (await sending).close();
  expect(await reader.read()).toEqual({ done: true, value: undefined });
  expect(await session.ended).toMatchObject({ clean: true });
});

describe("messages of all kinds, in parts or not, compressed or not, are the same at the other end", () => {
  const content: fc.Arbitrary<Content> = fc.oneof(
    fc.string({ minLength: 1, maxLength: 60, unit: "grapheme-ascii" }),
    fc
      .tuple(fc.integer({ min: 12, max: 60_000 }), fc.nat(9))
      .map(([size, seed]) => `{"id":${seed},ä}`.repeat(size / 12)),
    fc.tuple(fc.integer({ min: 1, max: 40_000 }), fc.nat(99)).map(([size, seed]) => noise(size, seed + 1)),
  );
  const message = fc.record({
    content,
    cuts: fc.array(fc.nat(70_000), { maxLength: 3 }),
    compress: fc.boolean(),
    asStream: fc.boolean(),
  });
  let plain: Awaited<ReturnType<typeof ourServer>>;
  let packed: Awaited<ReturnType<typeof ourServer>>;
  beforeAll(async () => {
    plain = await ourServer(echo);
    packed = await ourServer(echo, { extensions: [deflate({ threshold: 0 })] });
  });
  afterAll(() => Promise.all([plain[Symbol.asyncDispose](), packed[Symbol.asyncDispose]()]));

  test("through our echo", async () => {
    const run = async (
      all: (typeof message extends fc.Arbitrary<infer T> ? T : never)[],
      isPacked: boolean,
      keeps: boolean,
    ) => {
      const config = { threshold: 0, clientNoContextTakeover: !keeps, serverNoContextTakeover: !keeps };
      await using client = testClient({ extensions: isPacked ? [deflate(config)] : [] });
      await client.webSocket((isPacked ? packed : plain).url, async (session) => {
        const sending = (async () => {
          for (const { content: whole, cuts, compress } of all) {
            const places = [
              0,
              ...cuts.map((place) => place % (whole.length + 1)).sort((a, b) => a - b),
              whole.length,
            ];
            const cut = places.slice(1).map((end, at) => whole.slice(places[at], end));
            await session.send(parts(...(cut as string[])), { compress });
          }
        })();
        for (const { content: expected, asStream } of all) {
          if (asStream) {
            const stream = await receiveStream(session);
            expect(
              isSame(stream.type === "text" ? await stream.text() : await stream.bytes(), expected),
            ).toBe(true);
          } else {
            const frame = await session.incoming.receive();
            expect(isSame(frame instanceof Frame.Text ? frame.readText() : frame.data, expected)).toBe(true);
          }
        }
        await sending;
      });
    };
    const property = fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      fc.boolean(),
      run,
    );
    await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 3_000 });
  }, 10_000);
});
