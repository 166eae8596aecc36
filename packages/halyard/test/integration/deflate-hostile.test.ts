// SPDX-License-Identifier: Apache-2.0
// permessage-deflate against peers that mean harm, or go away in the middle.
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type DeflateConfig, deflate } from "../../src/extensions/deflate/node/index.ts";
import {
  CloseReason,
  Frame,
  FrameTooBigError,
  ProtocolViolationError,
  type WebSockets,
} from "../../src/index.ts";
import { type SessionHandler, WebSocketServer } from "../../src/server/index.ts";
import { noise } from "../extensions/deflate/support.ts";
import { bareClient, request } from "../support/bare-client.ts";
import { rejection, testClient } from "../support/clients.ts";
import { type HostileServer, hostileServer, type Peer, type Script } from "../support/hostile-server.ts";
import { checkLeaks, turn, turns, until, watchedController } from "../support/leaks.ts";

checkLeaks();

const agreed = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/** A payload as RFC 7692 section 7.2.1 makes it. */
function deflated(bytes: Uint8Array): Buffer {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** A frame of a server, of any first byte and size. */
function frame(first: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const size = Buffer.alloc(9);
  size.writeBigUInt64BE(BigInt(length), 1);
  if (length < 126) return Buffer.concat([Buffer.of(first, length), payload]);
  const form = length < 65_536 ? 126 : 127;
  return Buffer.concat([Buffer.of(first, form), size.subarray(form === 126 ? 7 : 1), payload]);
}

function bomb(size: number): Buffer {
  return frame(0xc2, deflated(new Uint8Array(size)));
}

/** The code of the Close frame that comes next; whatever else comes is skipped. */
async function closeCode(peer: Peer): Promise<number> {
  for (;;) {
    const { first, payload } = await peer.frame();
    if (first === 0x88) return payload.readUInt16BE();
  }
}

/** A server that has agreed to compress, writes, and notes the code it is told. */
function writing(codes: number[], ...bytes: readonly Uint8Array[]): Script {
  return async (peer) => {
    await peer.accept(undefined, agreed);
    peer.write(Buffer.concat(bytes));
    codes.push(await closeCode(peer));
    peer.end();
  };
}

function deflating(config: WebSockets.Config = {}, own: DeflateConfig = {}): ReturnType<typeof testClient> {
  return testClient({ extensions: [deflate(own)], ...config });
}

test("fragments that were compressed by hand come as one message, a ping between them at once (CM-06)", async () => {
  const content = Buffer.from("some text that comes in pieces, and again some text");
  const payload = deflated(content);
  const pieces = [0, 1, 20, 20].map((start, at, all) => payload.subarray(start, all[at + 1]));
  await using server = await hostileServer(async (peer) => {
    await peer.accept(undefined, agreed);
    for (const [at, piece] of pieces.entries()) {
      peer.write(frame((at === 0 ? 0x41 : 0) | (at === 3 ? 0x80 : 0), piece));
      peer.write(frame(0x89, Buffer.of(at)));
    }
    for (const at of pieces.keys())
      expect(await peer.frame()).toMatchObject({ first: 0x8a, payload: Buffer.of(at) });
    expect(await closeCode(peer)).toBe(1000);
    peer.end();
  });
  await using client = deflating();
  await client.webSocket(server.url, async (session) => {
    const received = await session.incoming.receive();
    expect(received).toMatchObject({ type: "text", fin: true, rsv1: false });
    expect(Buffer.from(received.data).equals(content)).toBe(true);
    // A ping may be answered only now: messages and pings keep their order.
    await turns();
  });
});

describe("what is no good makes us fail the connection (FR-02, CM-04, CM-10)", () => {
  const text = deflated(Buffer.from("some text ".repeat(30)));

  test.each<[string, Uint8Array, number]>([
    ["garbage", frame(0xc1, Buffer.alloc(20, 0xfe)), 1007],
    ["data that is cut", frame(0xc1, text.subarray(0, -3)), 1007],
    ["data that is cut, and large", frame(0xc2, deflated(noise(60_000)).subarray(0, 40_000)), 1007],
    ["text that is no UTF-8", frame(0xc1, deflated(Buffer.of(0xc3, 0x28))), 1007],
    ["large text that is no UTF-8", frame(0xc1, deflated(Buffer.alloc(300_000, 0xff))), 1007],
    ["RSV1 on a continuation", Buffer.concat([frame(0x41, text), frame(0xc0, Buffer.of())]), 1002],
    ["RSV1 on a ping", frame(0xc9, Buffer.of()), 1002],
    ["RSV2", frame(0xa1, text), 1002],
    ["RSV3", frame(0xd1, text), 1002],
  ])("%s", async (_, bytes, code) => {
    const codes: number[] = [];
    await using server = await hostileServer(writing(codes, frame(0xc1, text), bytes, frame(0x81, text)));
    await using client = deflating();
    const session = await client.webSocketSession(server.url);
    // What came before is there.
    expect((await session.incoming.receive()).data.length).toBe(300);
    expect(await rejection(session.incoming.receive())).toBeInstanceOf(ProtocolViolationError);
    expect(await session.ended).toMatchObject({ clean: false, initiator: "local", reason: { code } });
    expect(codes).toEqual([code]);
  });

  test("RSV1 without an agreement (FR-02)", async () => {
    for (const extensions of [[], [deflate()]]) {
      const codes: number[] = [];
      await using server = await hostileServer(async (peer) => {
        await peer.accept();
        peer.write(frame(0xc1, text));
        codes.push(await closeCode(peer));
        peer.end();
      });
      await using client = testClient({ extensions });
      const session = await client.webSocketSession(server.url);
      expect(await session.ended).toMatchObject({ reason: { code: 1002 } });
      expect(codes).toEqual([1002]);
    }
  });
});

describe("decompression bombs (CM-01)", () => {
  const limit = 500_000;

  test.each([1_000, limit])(
    "a message of exactly %i bytes passes, and one more byte ends it with 1009",
    async (size) => {
      const codes: number[] = [];
      await using server = await hostileServer(writing(codes, bomb(size), bomb(size + 1)));
      await using client = deflating({ maxMessageSize: size });
      const session = await client.webSocketSession(server.url);
      expect((await session.incoming.receive()).data.length).toBe(size);
      const error = await rejection(session.incoming.receive());
      expect(error).toBeInstanceOf(FrameTooBigError);
      expect(error).toMatchObject({ limit: size });
      expect(await session.ended).toMatchObject({ clean: false, reason: { code: 1009 } });
      expect(codes).toEqual([1009]);
    },
  );

  test("in fragments are one message", async () => {
    const payload = deflated(new Uint8Array(limit + 1));
    const codes: number[] = [];
    await using server = await hostileServer(
      writing(codes, frame(0x42, payload.subarray(0, 100)), frame(0x80, payload.subarray(100))),
    );
    await using client = deflating({ maxMessageSize: limit });
    const session = await client.webSocketSession(server.url);
    expect(await session.ended).toMatchObject({ reason: { code: 1009 } });
    expect(codes).toEqual([1009]);
  });

  test("one of 200 MB is given up long before", async () => {
    const codes: number[] = [];
    await using server = await hostileServer(writing(codes, bomb(200_000_000)));
    await using client = deflating({ maxMessageSize: 2 ** 20 });
    const before = process.memoryUsage().arrayBuffers;
    const session = await client.webSocketSession(server.url);
    expect(await session.ended).toMatchObject({ reason: { code: 1009 } });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 2 ** 20);
    expect(codes).toEqual([1009]);
  });

  test.each([
    ["on the spot", 100_000, 400],
    ["on threads", 600_000, 100],
  ])("many in one read, inflated %s, come only as fast as they are taken", async (_, size, count) => {
    const codes: number[] = [];
    const messages = Array<Buffer>(count).fill(bomb(size));
    await using server = await hostileServer(writing(codes, ...messages));
    await using client = deflating();
    const before = process.memoryUsage().arrayBuffers;
    const session = await client.webSocketSession(server.url);
    const end = performance.now() + 200;
    let most = 0;
    while (performance.now() < end) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      await turn();
    }
    // The channel, the batch in front of it and what is ahead are 1 MiB each; a stopped garbage collector adds to it.
    expect(most).toBeLessThan(25 * 2 ** 20);
    for (let at = 0; at < count; at++) expect((await session.incoming.receive()).data.length).toBe(size);
    await session.close();
    expect(codes).toEqual([1000]);
  });
});

describe("our server", () => {
  async function serve(handler: SessionHandler): Promise<WebSocketServer> {
    return new WebSocketServer({ extensions: [deflate()], maxMessageSize: 50_000 }).webSocket("/", handler);
  }

  /** A frame of a client, masked with zeros. */
  function masked(first: number, payload: Uint8Array): Buffer {
    const plain = frame(first, payload);
    const start = plain.length - payload.length;
    plain[1] = (plain[1] ?? 0) | 0x80;
    return Buffer.concat([plain.subarray(0, start), Buffer.alloc(4), plain.subarray(start)]);
  }

  test.each<[string, string, Uint8Array, number]>([
    ["garbage", "permessage-deflate", masked(0xc1, Buffer.alloc(20, 0xfe)), 1007],
    ["a bomb", "permessage-deflate", masked(0xc1, deflated(new Uint8Array(50_001))), 1009],
    ["RSV1 after an offer that was declined", "permessage-deflate; x", masked(0xc1, Buffer.of(0)), 1002],
    ["RSV1 without an offer", "", masked(0xc1, Buffer.of(0)), 1002],
  ])("fails a client for %s", async (_, offer, bytes, code) => {
    let end: unknown;
    await using server = await serve(async (session) => {
      end = await session.ended;
    });
    const { port } = await server.listen();
    await using client = await bareClient(port);
    client.write(request({ headers: { "Sec-WebSocket-Extensions": offer === "" ? null : offer } }));
    const head = await client.hears(/\r\n\r\n/);
    expect(head.includes("Sec-WebSocket-Extensions: permessage-deflate")).toBe(
      offer === "permessage-deflate",
    );
    client.write(bytes);
    await client.end();
    const said = client.received.subarray(head.length);
    expect([said[0], said.readUInt16BE(2)]).toEqual([0x88, code]);
    client.socket.end();
    await until(() => end !== undefined, "the end of the session");
    expect(end).toMatchObject({ clean: false, reason: { code } });
  });
});

describe("the end in the middle of work (CM-07)", () => {
  const large = deflated(noise(3_000_000));
  const message = noise(4_000_000, 7);

  async function silent(): Promise<HostileServer> {
    return await hostileServer((peer) => peer.accept(frame(0xc2, large), agreed));
  }

  test.each([0, 1, 3, 10])("cancel() after %i turns settles all", async (count) => {
    await using server = await silent();
    await using client = deflating();
    const session = await client.webSocketSession(server.url);
    const sends = [session.send(message), session.send(message), session.send("last")];
    const settled = Promise.allSettled([...sends, session.flush(), session.incoming.receive()]);
    for (let at = 0; at < count; at++) await turn();
    session.cancel(new Error("enough"));
    expect(await session.ended).toMatchObject({ clean: false, error: new Error("enough") });
    const states = (await settled).map(({ status }) => status);
    expect(states).toHaveLength(5);
    expect(states[3]).toBe("rejected");
  });

  test("the client's close() settles all", async () => {
    await using server = await silent();
    const client = deflating({ closeTimeout: 50 });
    const session = await client.webSocketSession(server.url);
    const settled = Promise.allSettled([session.send(message), session.flush(), session.send(message)]);
    await client.close();
    await settled;
    expect((await session.ended).clean).toBe(false);
  });

  test("an aborted send that waits sends nothing, and what waits behind it goes on", async () => {
    const received: number[] = [];
    await using server = new WebSocketServer({ extensions: [deflate()] });
    server.webSocket("/", async (session) => {
      for await (const { data } of session.incoming) received.push(data.length);
    });
    const { url } = await server.listen();
    await using client = deflating();
    const session = await client.webSocketSession(url);
    const own = watchedController();
    await session.send(message);
    const aborted = session.send(message.subarray(1), { signal: own.signal });
    const behind = session.send(message.subarray(2));
    own.abort(new Error("not that one"));
    await expect(aborted).rejects.toThrow("not that one");
    await behind;
    expect(await session.close()).toMatchObject({ clean: true, unsent: 0 });
    expect(received).toEqual([4_000_000, 3_999_998]);
  });

  test("a reset settles all", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept(frame(0xc2, large), agreed);
      await peer.reset();
    });
    await using client = deflating();
    const session = await client.webSocketSession(server.url);
    const settled = Promise.allSettled([session.send(message), session.flush(), session.send(message)]);
    expect(await session.ended).toMatchObject({ clean: false, reason: { code: 1006 } });
    await settled;
  });

  test("a fault of the peer's while we compress is answered at once, and what is lost is counted", async () => {
    const codes: number[] = [];
    await using server = await hostileServer(async (peer) => {
      await peer.accept(undefined, agreed);
      expect((await peer.frame()).first).toBe(0x89);
      peer.write(Buffer.of(0x90, 0));
      codes.push(await closeCode(peer));
      peer.end();
    });
    await using client = deflating({
      channels: { outgoing: { messages: 10, bytes: 1e9, onOverflow: "suspend" } },
    });
    const session = await client.webSocketSession(server.url);
    await session.send(message);
    await session.send("behind");
    session.outgoing.trySend(new Frame.Ping());
    const flushed = rejection(session.flush());
    expect(await session.ended).toMatchObject({
      clean: false,
      reason: { code: CloseReason.Codes.PROTOCOL_ERROR },
      unsent: 2,
    });
    expect(await flushed).toBeInstanceOf(ProtocolViolationError);
    expect(codes).toEqual([1002]);
  });

  test("what a caller changes after send() is not what is sent (U8-05)", async () => {
    let received: Uint8Array[] = [];
    await using server = new WebSocketServer({ extensions: [deflate()] });
    server.webSocket("/", async (session) => {
      for await (const { data } of session.incoming) received = [...received, data];
    });
    const { url } = await server.listen();
    await using client = deflating();
    await client.webSocket(url, async (session) => {
      const payload = message.slice(0, 100_000);
      for (const first of [1, 2, 3]) {
        payload.fill(first);
        void session.send(new Frame.Binary(payload));
      }
      payload.fill(9);
      await session.flush();
      await turns();
    });
    expect(received.map((data) => [data.length, data[0], data.at(-1)])).toEqual([
      [100_000, 1, 1],
      [100_000, 2, 2],
      [100_000, 3, 3],
    ]);
  });
});
