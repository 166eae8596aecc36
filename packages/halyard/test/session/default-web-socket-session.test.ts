// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { PingTimeoutError } from "../../src/session/errors.ts";
import { checkAllSettled, drain, type OpenOptions, open, openPair, stateOf, turn } from "./support.ts";

afterEach(checkAllSettled);

describe("two sessions", () => {
  test("talk, and one closes", async () => {
    const { client, server } = openPair();
    await client.send("hello");
    const frame = await server.incoming.receive();
    await server.send(frame);
    expect(await client.incoming.receive()).toMatchObject({ type: "text" });
    const end = await client.close();
    expect(end).toMatchObject({ clean: true, initiator: "local", error: undefined });
    expect(await server.ended).toMatchObject({ clean: true, initiator: "peer", error: undefined });
  });

  test("close at once: each keeps its own reason, and both are clean", async () => {
    const { client, server } = openPair();
    const ends = await Promise.all([
      client.close({ code: 4001, message: "client" }),
      server.close({ code: 4002, message: "server" }),
    ]);
    expect(ends).toMatchObject([
      { clean: true, initiator: "local", reason: { code: 4001 }, received: { code: 4002 }, error: undefined },
      { clean: true, initiator: "local", reason: { code: 4002 }, received: { code: 4001 }, error: undefined },
    ]);
    expect([await drain(client), await drain(server)]).toEqual([["end"], ["end"]]);
  });

  test("a server ends the connection once both Close frames have passed", async () => {
    const opened = open({ role: "server" });
    opened.peer.close(1000);
    await turn();
    expect(opened.peer.hasEnd).toBe(true);
    opened.peer.end();
    expect(await opened.session.ended).toMatchObject({ clean: true, initiator: "peer" });
  });
});

describe("control frames", () => {
  test("a ping is answered and not seen; a message is whole", async () => {
    const opened = open({ answersClose: true });
    opened.peer.send(
      new Frame.Text("in two ", { fin: false }),
      new Frame.Ping(Uint8Array.of(1, 2)),
      new Frame.Text("pieces"),
    );
    await turn();
    expect(opened.peer.frames).toEqual(["pong 2"]);
    await opened.session.close();
    expect(await drain(opened.session)).toEqual(["text in two pieces", "end"]);
  });
});

describe("keepalive", () => {
  test("the times can be read and set, 0 being off, and a new one begins a new interval", async () => {
    const { session, peer, clock } = open({ pingInterval: 1000, pingTimeout: 500 });
    expect([session.pingInterval, session.pingTimeout, session.latency]).toEqual([1000, 500, null]);
    await clock.advance(900);
    session.pingInterval = 200;
    session.pingTimeout = 0;
    expect([session.pingInterval, session.pingTimeout]).toEqual([200, 0]);
    await clock.advance(200);
    expect(peer.frames).toEqual(["ping 4"]);
    session.pingInterval = 0;
    expect([session.pingInterval, clock.pending]).toEqual([0, 0]);
    for (const wrong of [-1, Number.NaN, 2 ** 31]) {
      expect(() => {
        session.pingInterval = wrong;
      }).toThrow("pingInterval must be");
      expect(() => {
        session.pingTimeout = wrong;
      }).toThrow("pingTimeout must be");
    }
    session.cancel();
  });

  test("a heartbeat goes instead of a ping, and its answer is not seen", async () => {
    const heartbeat = { message: () => "beat", isAnswer: (frame: Frame) => frame.data.length === 4 };
    const { session, peer, clock } = open({ pingInterval: 100, pingTimeout: 50, heartbeat });
    await clock.advance(100);
    peer.texts("echo", "other");
    await turn();
    expect(peer.frames).toEqual(["text beat"]);
    expect(session.incoming.tryReceive()).toMatchObject({ type: "text", text: "other" });
    await clock.advance(149);
    expect(await stateOf(session.ended)).toBe("pending");
    session.cancel();
  });

  test("without isAnswer every message is seen; a fragment is no answer", async () => {
    const plain = open({ heartbeat: { message: () => "beat" } });
    plain.peer.texts("beat");
    const streamed = open({ heartbeat: { message: () => "beat", isAnswer: () => true } });
    streamed.transport.stream();
    streamed.peer.send(new Frame.Text("piece", { fin: false }));
    await turn();
    for (const { session } of [plain, streamed]) {
      expect(session.incoming.tryReceive()?.type).toBe("text");
      session.cancel();
    }
  });

  test("a heartbeat that cannot be made ends the session", async () => {
    const fault = new RangeError("no message");
    const message = () => {
      throw fault;
    };
    const { session, peer, clock } = open({ pingInterval: 100, heartbeat: { message } });
    await clock.advance(100);
    expect(await session.ended).toMatchObject({ error: fault, reason: { code: 1011 } });
    expect(peer.frames).toEqual(["close 1011 the heartbeat failed"]);
  });

  test.each<[string, OpenOptions, number, boolean]>([
    ["an interval", {}, 100, true],
    ["none", {}, 0, false],
    ["an interval of a heartbeat", { heartbeat: { message: () => "beat" } }, 100, false],
  ])("asks an engine whether it can ping, for %s", (_, options, interval, isAsked) => {
    const { session, transport } = open(options);
    let asked = 0;
    Object.assign(transport, { checkPing: () => asked++ });
    session.pingInterval = interval;
    expect(asked > 0).toBe(isAsked);
    session.cancel();
  });

  test("latency comes from the pong, which is not seen", async () => {
    const { session, peer, clock } = open({ pingInterval: 100, pingTimeout: 50 });
    await clock.advance(130);
    peer.send(new Frame.Pong(Uint8Array.of(0, 0, 0, 1)));
    await clock.advance(0);
    expect(session.latency).toBe(30);
    expect(session.incoming.tryReceive()).toBeUndefined();
    session.cancel();
  });

  test("while a full channel keeps us from reading, pings go on and no deadline runs", async () => {
    const { session, peer, clock } = open({
      pingInterval: 100,
      pingTimeout: 50,
      incoming: bounded({ messages: 1 }),
    });
    peer.texts("fits", "does not");
    await turn();
    await clock.advance(1000);
    expect(peer.frames.length).toBe(10);
    session.pingInterval = 100;
    expect(session.pingInterval).toBe(100);
    await clock.advance(1000);
    expect(peer.frames.length, "new times do not end the pause").toBe(20);
    expect(clock.pending, "the next ping, no deadline").toBe(1);
    await session.incoming.receive();
    await clock.advance(149);
    expect(await stateOf(session.ended)).toBe("pending");
    await clock.advance(1);
    expect((await session.ended).error).toBeInstanceOf(PingTimeoutError);
  });

  test("a peer that reads a backlog is not given up; one that has read it and is silent is", async () => {
    const { session, transport, clock } = open({ pingInterval: 100, pingTimeout: 50 });
    transport.hold();
    await session.send("first");
    await turn();
    await session.send("second");
    await clock.advance(140);
    transport.letOneWritePass();
    await clock.advance(50);
    expect(await stateOf(session.ended), "bytes have left").toBe("pending");
    transport.release();
    await clock.advance(49);
    expect(await stateOf(session.ended)).toBe("pending");
    await clock.advance(200);
    expect((await session.ended).error).toBeInstanceOf(PingTimeoutError);
  });

  test("it ends with the call of close, and is not taken up again by a reader who makes room", async () => {
    const opened = open({ pingInterval: 100, pingTimeout: 50, incoming: bounded({ messages: 1 }) });
    const { session, peer, clock } = opened;
    peer.texts("fits", "does not");
    await turn();
    const closing = session.close({ code: 1000 }, { timeout: 1000 });
    await session.incoming.receive();
    session.pingInterval = 10;
    await clock.advance(999);
    expect(peer.frames).toEqual(["close 1000"]);
    await clock.advance(1);
    expect((await closing).error).toMatchObject({ name: "TimeoutError", milliseconds: 1000 });
  });

  test("it ends with the peer's Close frame", async () => {
    const { session, peer, clock } = open({ pingInterval: 100, pingTimeout: 50 });
    peer.close(1000);
    await clock.advance(1000);
    expect(peer.frames).toEqual(["close 1000"]);
    peer.end();
    await session.ended;
  });
});
