// SPDX-License-Identifier: Apache-2.0
// What a session does while a codec takes its time, with a codec that takes it when the test says so.
import { describe, expect, test } from "vitest";
import { ChannelClosedError, Frame, HandshakeError, ProtocolViolationError } from "../../src/index.ts";
import type { WebSocketExtensionFactory } from "../../src/protocol/extension.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { FakeCodec, fakeFactory } from "../protocol/fake-extension.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { closeFrame, hostileServer, type Script, serverFrame } from "../support/hostile-server.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";

checkLeaks();

const agreed = "Sec-WebSocket-Extensions: invert\r\n";

function inversion(codec: FakeCodec): WebSocketExtensionFactory {
  return fakeFactory("invert", { reserves: { rsv1: true }, codec: () => codec });
}

/** A message as the codec makes it. */
function encoded(text: string): Buffer {
  const frame = serverFrame(
    1,
    Buffer.from(text).map((byte) => byte ^ 0xff),
  );
  frame[0] = 0xc1;
  return frame;
}

/** A client's session whose codec is held, against a server with a script that begins with its 101. */
async function open(script: Script) {
  const codec = new FakeCodec();
  codec.holds = true;
  const server = await hostileServer(async (peer) => {
    await peer.accept(undefined, agreed);
    await script(peer);
  });
  const client = testClient({ extensions: [inversion(codec)] });
  const session = await client.webSocketSession(server.url);
  const release = async (): Promise<void> => {
    await client.close();
    await server[Symbol.asyncDispose]();
  };
  return { codec, server, session, [Symbol.asyncDispose]: release };
}

const fault = Buffer.of(0x90, 0x00);

describe("flush", () => {
  test("waits for what is being encoded, though a ping passes it", async () => {
    await using all = await open(() => undefined);
    const { codec, session, server } = all;
    await session.send("a");
    let isFlushed = false;
    const flushed = session.flush().then(() => (isFlushed = true));
    session.outgoing.trySend(new Frame.Ping());
    await until(() => server.peer.received.length > 0, "the ping");
    await turns();
    expect(isFlushed).toBe(false);
    codec.finish();
    await flushed;
    expect(server.peer.received[0]).toBe(0x89);
  });

  test("waits for an empty message, too", async () => {
    await using all = await open(() => undefined);
    await all.session.send("");
    const flushed = all.session.flush();
    setImmediate(() => all.codec.finish());
    await flushed;
  });

  test("fails when what it waits for was given up for a fault of the peer's", async () => {
    await using all = await open(async (peer) => {
      await peer.frame();
      peer.write(fault);
    });
    const { session } = all;
    await session.send("a");
    await session.send("b");
    const flushed = session.flush();
    session.outgoing.trySend(new Frame.Ping());
    await failure(flushed, ProtocolViolationError);
    all.server.peer.end();
    expect(await session.ended).toMatchObject({ clean: false, reason: { code: 1002 }, unsent: 2 });
  });
});

describe("while messages are being decoded", () => {
  test("cancel() ends it at once, and no late result is missed", async () => {
    for (const how of ["finish", "fail"] as const) {
      await using all = await open((peer) => peer.write(Buffer.concat([encoded("a"), encoded("b")])));
      const { codec, session } = all;
      await until(() => codec.busy === 1, "the first message");
      const received = rejection(session.incoming.receive());
      session.cancel();
      expect(codec.disposed).toBeGreaterThan(0);
      codec.fault = new Error("the codec is disposed of");
      if (how === "finish") codec.finish();
      else codec.fail(codec.fault);
      expect(await received).toBeInstanceOf(ChannelClosedError);
      expect(await session.ended).toMatchObject({ clean: false });
      await turns();
      expect(codec.calls).toHaveLength(1);
    }
  });

  test("a reset loses nothing of what has come", async () => {
    await using all = await open(async (peer) => {
      peer.write(Buffer.concat([encoded("a"), encoded("b"), serverFrame(1, "c")]));
      await peer.bytes(1);
      await peer.reset();
    });
    const { codec, session, server } = all;
    await until(() => codec.busy === 1, "the first message");
    session.outgoing.trySend(new Frame.Ping());
    await until(() => server.peer.isGone, "the reset");
    // Somebody has to write to learn of it, since nothing is read.
    for (let round = 0; round < 20; round++) {
      session.outgoing.trySend(new Frame.Ping());
      await turns();
    }
    codec.finish();
    await until(() => codec.busy === 1, "the second message");
    codec.finish();
    const texts = [];
    for (let count = 0; count < 3; count++) texts.push((await session.incoming.receive()).data);
    expect(texts.map((data) => Buffer.from(data).toString())).toEqual(["a", "b", "c"]);
    expect(await session.ended).toMatchObject({ clean: false, reason: { code: 1006 } });
    expect(codec.disposed).toBeGreaterThan(0);
  });

  test("a Close frame behind them waits, and is answered", async () => {
    await using all = await open(async (peer) => {
      peer.write(Buffer.concat([encoded("a"), closeFrame(1001)]));
      expect((await peer.frame()).first).toBe(0x88);
      peer.end();
    });
    const { codec, session } = all;
    await until(() => codec.busy === 1, "the message");
    await turns();
    expect(all.server.peer.size).toBeLessThan(1000);
    codec.finish();
    expect(Buffer.from((await session.incoming.receive()).data).toString()).toBe("a");
    expect(await session.ended).toMatchObject({ clean: true, initiator: "peer", reason: { code: 1001 } });
  });

  test("no more of them are made than the session takes", async () => {
    const count = 200;
    const codec = new FakeCodec();
    codec.decode = () => {
      codec.calls.push("decode");
      return new Promise((resolve) => setImmediate(resolve, new Uint8Array(300_000)));
    };
    await using server = await hostileServer(async (peer) => {
      await peer.accept(undefined, agreed);
      peer.write(Buffer.concat(Array.from({ length: count }, () => Buffer.of(0xc2, 1, 0))));
      await peer.frame();
      peer.end();
    });
    await using client = testClient({ extensions: [inversion(codec)] });
    const session = await client.webSocketSession(server.url);
    for (let round = 0; round < 50; round++) await turns();
    // 1 MiB in the channel, 1 MiB and a message in the batch that does not fit, the same ahead.
    expect(codec.calls.length).toBeLessThan(16);
    for (let at = 0; at < count; at++) expect((await session.incoming.receive()).data.length).toBe(300_000);
    await session.close();
  });
});

describe("what fails in a codec on our side", () => {
  const broken = new RangeError("no memory");

  test.each(["at once", "later"])("ends the session with that, if decoding does %s", async (when) => {
    await using all = await open(async (peer) => {
      await peer.frame();
      peer.write(Buffer.concat([encoded("a"), encoded("b")]));
    });
    const { codec, session } = all;
    codec.holds = when === "later";
    if (when === "at once") codec.fault = broken;
    session.outgoing.trySend(new Frame.Ping());
    if (when === "later") {
      await until(() => codec.busy === 1, "the message");
      codec.fail(broken);
    }
    expect(await rejection(session.incoming.receive())).toBe(broken);
    expect(await session.ended).toMatchObject({ clean: false, error: broken, reason: { code: 1006 } });
  });

  test("ends the session with that, if encoding does", async () => {
    await using all = await open(() => undefined);
    const { codec, session } = all;
    await session.send("a");
    await session.send("b");
    codec.fail(broken);
    expect(await rejection(session.incoming.receive())).toBe(broken);
    expect(await session.ended).toMatchObject({ clean: false, error: broken, unsent: 2 });
  });

  test("ends the session with that, if encoding does for a message that has waited", async () => {
    await using all = await open(() => undefined);
    const { codec, session } = all;
    await session.send("a");
    await session.send("b");
    codec.fault = broken;
    codec.finish();
    expect(await rejection(session.incoming.receive())).toBe(broken);
    expect(await session.ended).toMatchObject({ clean: false, error: broken });
  });
});

describe("the handshake", () => {
  test("offers in order, and takes part of it", async () => {
    await using server = await hostileServer(async (peer) => {
      expect(await peer.accept(undefined, agreed)).toMatch(/^Sec-WebSocket-Extensions: first, invert\r$/m);
      await peer.frame();
      peer.end();
    });
    await using client = testClient({ extensions: [fakeFactory("first"), inversion(new FakeCodec())] });
    const session = await client.webSocketSession(server.url);
    expect(session.extensions.map(({ name }) => name)).toEqual(["invert"]);
    await session.close();
  });

  test("fails for what an extension cannot take, with URL and status, and nothing stays open", async () => {
    await using server = await hostileServer((peer) => peer.accept(undefined, agreed));
    const strict = fakeFactory("invert", {
      accept: () => {
        throw new HandshakeError("not that way");
      },
    });
    await using client = testClient({ extensions: [strict] });
    const error = await failure(client.webSocketSession(server.url), HandshakeError);
    expect(error).toMatchObject({ message: "not that way", status: 101, url: server.url });
    await server.abandoned();
  });

  test("of a raw session offers and accepts nothing", async () => {
    const extensions = [inversion(new FakeCodec())];
    await using server = new WebSocketServer({ extensions });
    let ofServer: unknown;
    server.webSocketRaw("/", (session) => (ofServer = session.extensions));
    server.webSocket("/default", (session) => (ofServer = session.extensions));
    const { url } = await server.listen();
    await using client = testClient({ extensions });
    await client.webSocketRaw(`${url}/default`, (session) => {
      expect(session.extensions).toEqual([]);
      expect(session.call.response.headers.has("Sec-WebSocket-Extensions")).toBe(false);
    });
    expect(ofServer).toEqual([]);
    await client.webSocket(url, ({ extensions: ofClient }) => expect(ofClient).toEqual([]));
    expect(ofServer).toEqual([]);
  });
});
