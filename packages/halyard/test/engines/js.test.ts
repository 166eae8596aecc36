// SPDX-License-Identifier: Apache-2.0
// The Js engine on a WebSocket that says what a test wants; what real platforms do is tested on them.
import { describe, expect, test } from "vitest";
import { Js, type JsOptions } from "../../src/engines/js/index.ts";
import {
  bounded,
  ChannelOverflowError,
  Frame,
  HandshakeError,
  InvalidArgumentError,
  ProtocolViolationError,
  UnsupportedCapabilityError,
  type WebSockets,
} from "../../src/index.ts";
import { failure, rejection } from "../support/clients.ts";
import { turns } from "../support/leaks.ts";
import { FakeWebSocket } from "./fake-web-socket.ts";
import { clientWith, meet, url } from "./meeting.ts";

describe("opening", () => {
  test("is given URL, subprotocols and headers, and asks for ArrayBuffers", async () => {
    const { client, sockets } = clientWith({}, { capabilities: ["requestHeaders"] });
    const opening = client.webSocketSession({
      url,
      subprotocols: ["b", "a"],
      headers: { "X-Team": "red", "x-many": ["1", "2"] },
    });
    await turns();
    const socket = sockets[0] as FakeWebSocket;
    expect(socket.url).toBe(url);
    expect(socket.args).toEqual([
      { subprotocols: ["b", "a"], headers: { "x-team": "red", "x-many": "1, 2" } },
    ]);
    expect(socket.binaryType).toBe("arraybuffer");
    socket.protocol = "a";
    socket.emit("open");
    const session = await opening;
    expect(session.subprotocol).toBe("a");
    expect(session.call.response.status).toBe(101);
  });

  test.each([
    ["another than was offered", ["a"], "b"],
    ["one, and none was offered", [], "b"],
    ["none of them", ["a"], ""],
    ["none of them, said as null", ["a"], null],
  ])("fails when the server chooses %s", async (_, subprotocols, chosen) => {
    const { client, sockets } = clientWith();
    const opening = failure(client.webSocketSession({ url, subprotocols }), HandshakeError);
    await turns();
    const socket = sockets[0] as FakeWebSocket;
    socket.protocol = chosen;
    socket.emit("open");
    expect((await opening).message).toMatch(/^the server chose /);
    expect(socket.closes).toEqual([[]]);
  });

  test.each([
    ["an error and nothing else", ["error"]],
    ["an error, twice", ["error", "error"]],
    ["an error and a close", ["error", "close"]],
    ["a close", ["close"]],
  ] as const)("fails once, by %s", async (_, events) => {
    const { client, sockets } = clientWith();
    const opening = failure(client.webSocketSession(url), HandshakeError);
    await turns();
    for (const event of events) (sockets[0] as FakeWebSocket).emit(event, { code: 1006, reason: "" });
    const error = await opening;
    expect(error.message).toBe(
      "the connection to ws://127.0.0.1:1/a?... could not be opened: the platform does not tell why",
    );
    expect([error.phase, error.status]).toEqual([undefined, undefined]);
  });

  test("tells what the platform tells", async () => {
    const { client, sockets } = clientWith();
    const opening = failure(client.webSocketSession(url), HandshakeError);
    await turns();
    (sockets[0] as FakeWebSocket).emit("error", { message: "status 401" });
    expect((await opening).message).toMatch(/could not be opened: status 401$/);
  });

  test("that throws fails with that", async () => {
    const { client } = clientWith(
      {},
      {
        create: () => {
          throw new SyntaxError("no such scheme");
        },
      },
    );
    const error = await failure(client.webSocketSession(url), HandshakeError);
    expect(error.message).toMatch("no such scheme");
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  test("ends at the deadline, and a socket that opens later is nobody's", async () => {
    const { clock, client, sockets } = clientWith({ handshakeTimeout: 100 });
    const opening = rejection(client.webSocketSession(url));
    await turns();
    await clock.advance(100);
    expect(await opening).toMatchObject({ code: "ERR_HALYARD_TIMEOUT" });
    const socket = sockets[0] as FakeWebSocket;
    expect(socket.closes).toEqual([[]]);
    socket.emit("open");
    socket.message("late");
    socket.closed(1000);
    expect(socket.closes).toEqual([[]]);
  });
});

describe("messages", () => {
  test("that come before anybody asks are kept, in order", async () => {
    const { socket, session } = await meet();
    socket.message("first");
    socket.message(Uint8Array.of(1, 2).buffer);
    socket.message("");
    const frames = [];
    for (let count = 0; count < 3; count++) frames.push(await session.incoming.receive());
    expect(frames.map((frame) => (frame.type === "text" ? frame.readText() : [...frame.data]))).toEqual([
      "first",
      [1, 2],
      "",
    ]);
    expect(frames.every(({ fin }) => fin)).toBe(true);
  });

  test.each([
    ["ASCII", "abc", 3],
    ["two bytes", "äö", 4],
    ["three", "日", 3],
    ["four", "😀", 4],
  ])("know how many bytes they are: %s", async (_, text, size) => {
    const { socket, session } = await meet();
    socket.message(text);
    expect((await session.incoming.receive()).size).toBe(size);
  });

  test("that are neither a string nor an ArrayBuffer end the session", async () => {
    const { socket, session } = await meet();
    socket.message(new Blob(["x"]));
    expect((await session.closeReason).code).toBe(1006);
    expect(String((await session.ended).error)).toMatch("neither a string nor an ArrayBuffer");
    expect(socket.closes).toEqual([[]]);
  });

  test("are sent as strings and bytes, lone surrogates as U+FFFD", async () => {
    const { socket, session } = await meet();
    await session.send("a\uD800b");
    await session.send(Uint8Array.of(1, 2));
    await session.send(new Frame.Text(new TextEncoder().encode("é")));
    expect(socket.sent).toEqual(["a\uFFFDb", Uint8Array.of(1, 2), "é"]);
  });

  test("in parts are sent whole", async () => {
    const { socket, session } = await meet();
    const text = async function* () {
      yield "a😀".slice(0, 2);
      yield "a😀".slice(2);
    };
    const bytes = async function* () {
      yield Uint8Array.of(1);
      yield Uint8Array.of(2, 3);
    };
    await session.send(text());
    await session.send(bytes());
    await session.send(new Frame.Binary(Uint8Array.of(4), { fin: false }));
    await session.send(new Frame.Binary(Uint8Array.of(5)));
    expect(socket.sent).toEqual(["a😀", Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]);
  });

  test("in parts end somewhere", async () => {
    const { session } = await meet({ channels: { outgoing: bounded({ bytes: 2 ** 30 }) } });
    const endless = async function* () {
      const part = new Uint8Array(16 * 2 ** 20);
      for (;;) yield part;
    };
    expect(await failure(session.send(endless()), InvalidArgumentError)).toMatchObject({
      message: expect.stringContaining("67108864") as string,
    });
  });

  test.each([new Frame.Ping(), new Frame.Pong()])("of control are refused: %s", async (frame) => {
    const { session } = await meet();
    expect((await failure(session.send(frame), UnsupportedCapabilityError)).message).toMatch(
      /cannot send a p[io]ng/,
    );
    await session.send("alive");
  });
});

describe("what cannot be had later either", () => {
  test("is a ping interval: it is refused when it is set, and not by a timer that nobody catches", async () => {
    const { clock, session } = await meet();
    const set = () => {
      session.pingInterval = 1000;
    };
    expect(set).toThrow(UnsupportedCapabilityError);
    session.pingInterval = 0;
    await clock.advance(5000);
    expect(session.signal.aborted).toBe(false);
  });

  test("is a limit, and none is claimed", async () => {
    const { session } = await meet();
    expect([session.maxFrameSize, session.maxMessageSize]).toEqual([Infinity, Infinity]);
    const set = () => {
      session.maxFrameSize = 1000;
    };
    expect(set).toThrow(UnsupportedCapabilityError);
  });
});

describe("what waits with the platform", () => {
  test("holds up senders beyond the bound until it is written", async () => {
    const { clock, socket, session } = await meet({ channels: { outgoing: bounded({ bytes: 10 }) } });
    await session.send(new Uint8Array(8));
    socket.bufferedAmount = 8;
    let isSent = false;
    const sending = session.send(new Uint8Array(4)).then(() => {
      isSent = true;
    });
    for (let look = 0; look < 20; look++) {
      await clock.advance(50);
      await turns();
    }
    expect([isSent, socket.sent.length]).toEqual([false, 1]);
    socket.bufferedAmount = 0;
    await clock.advance(50);
    await sending;
    expect(socket.sent.length).toBe(2);
  });

  test("is what flush waits for", async () => {
    const { clock, socket, session } = await meet();
    socket.bufferedAmount = 5;
    await session.send(new Uint8Array(5));
    let isFlushed = false;
    const flushing = session.flush().then(() => {
      isFlushed = true;
    });
    await clock.advance(1000);
    await turns();
    expect(isFlushed).toBe(false);
    socket.bufferedAmount = 0;
    await clock.advance(1000);
    await flushing;
  });

  test("is counted as unsent when the connection is lost", async () => {
    const { socket, session } = await meet();
    socket.bufferedAmount = 7;
    await session.send(new Uint8Array(3));
    await session.send(new Uint8Array(4));
    socket.closed(1006);
    expect((await session.ended).unsent).toBe(2);
  });
});

describe("a peer that cannot be stopped", () => {
  test("overflows a bound, and what came before stays readable", async () => {
    const incoming = bounded({ messages: 2, onOverflow: "close" });
    const { socket, session } = await meet({ channels: { incoming } });
    for (let count = 0; count < 5; count++) socket.message(String(count));
    await turns();
    expect(socket.closes).toEqual([[4011, "incoming channel overflowed"]]);
    const seen: string[] = [];
    const error = await rejection(
      (async () => {
        for await (const frame of session.incoming) if (frame.type === "text") seen.push(frame.readText());
      })(),
    );
    expect(error).toBeInstanceOf(ChannelOverflowError);
    expect(seen).toEqual(["0", "1"]);
    expect((await session.closeReason).code).toBe(1011);
  });

  test("cannot be asked to wait", async () => {
    const { client } = clientWith({ channels: { incoming: bounded({ messages: 2 }) } });
    expect(await failure(client.webSocketSession(url), UnsupportedCapabilityError)).toMatchObject({
      engine: "Js",
      capability: "backpressure",
    });
  });
});

describe("the end", () => {
  test.each([
    [1000, "done", 1000],
    [1005, "", 1005],
    [4321, "", 4321],
  ])("by the peer with %i is its reason", async (code, message, expected) => {
    const { socket, session } = await meet();
    socket.message("last");
    socket.closed(code, message);
    const { clean, initiator } = await session.ended;
    expect({ clean, initiator }).toEqual({ clean: true, initiator: "peer" });
    expect(await session.closeReason).toMatchObject({ code: expected, message });
    expect((await session.incoming.receive()).type).toBe("text");
  });

  test.each([0, 1006, 1015])("without a Close frame is 1006, though the platform says %i", async (code) => {
    const { socket, session } = await meet();
    socket.closed(code);
    expect((await session.closeReason).code).toBe(1006);
    expect((await session.ended).clean).toBe(false);
    expect(await rejection(session.incoming.receive())).toMatchObject({ code: "ERR_HALYARD_CONNECTION" });
  });

  test.each([1, 999, 1004, 1016, 2999, 5000])(
    "with code %i, which no peer may send, is its fault",
    async (code) => {
      const { socket, session } = await meet();
      socket.closed(code);
      expect((await session.closeReason).code).toBe(1002);
      expect((await session.ended).error).toBeInstanceOf(ProtocolViolationError);
    },
  );

  test("is the first that the platform tells", async () => {
    const { socket, session } = await meet();
    socket.emit("error", { message: "reset" });
    socket.closed(1000, "too late");
    expect((await session.closeReason).code).toBe(1006);
    expect(String((await session.ended).error)).toMatch("the connection was lost: reset");
    const other = await meet();
    other.socket.closed(1000);
    other.socket.emit("error");
    other.socket.message("too late");
    expect((await other.session.ended).clean).toBe(true);
  });

  test("by us is sent behind the messages, and answered", async () => {
    const { socket, session } = await meet();
    const closing = session.close({ code: 4000, message: "bye" });
    expect(socket.closes).toEqual([[4000, "bye"]]);
    socket.closed(4000, "bye");
    expect(await closing).toMatchObject({ clean: true, initiator: "local" });
  });

  test("by us, never answered, comes at the deadline", async () => {
    const { clock, socket, session } = await meet({ closeTimeout: 300 });
    const closing = session.close();
    await turns();
    await clock.advance(300);
    expect(await closing).toMatchObject({ clean: false, error: { code: "ERR_HALYARD_TIMEOUT" } });
    socket.message("nobody hears it");
  });

  test("that the platform cannot say is refused, and the session lives on", async () => {
    const { socket, session } = await meet();
    for (const close of [
      () => session.close({ code: 1001 }),
      () => session.send(new Frame.Close({ code: 1011 })),
      () => session.outgoing.send(new Frame.Close({ code: 1008 })),
    ]) {
      expect(await failure(close(), UnsupportedCapabilityError)).toMatchObject({ capability: "closeCodes" });
    }
    expect(socket.closes).toEqual([]);
    await session.send("alive");
  });

  test("that we choose ourselves goes out by another code, and keeps its own here", async () => {
    const { client, sockets } = clientWith();
    const opening = client.webSocketSession(url);
    await turns();
    const socket = sockets[0] as FakeWebSocket;
    socket.emit("open");
    const session = await opening;
    const closing = client.close();
    await turns();
    expect(socket.closes).toEqual([[4001, "the client was closed"]]);
    socket.closed(4001, "the client was closed");
    await closing;
    expect((await session.closeReason).code).toBe(1001);
  });

  test("is by any code where the platform can", async () => {
    const { socket, session } = await meet({}, { capabilities: ["closeCodes"] });
    void session.close({ code: 1001, message: "" });
    expect(socket.closes).toEqual([[1001, ""]]);
  });
});

describe("options", () => {
  test.each([
    [{ webSocket: FakeWebSocket, create: () => new FakeWebSocket("") }, /exclude each other/],
    [{ capabilities: ["requestHeaders"] }, /there is no create/],
    [{ create: () => new FakeWebSocket(""), capabilities: ["pingPong"] }, /not "pingPong"/],
    [{ headers: {} }, /no option "headers"/],
    [{ webSocket: "ws" }, /must be of type function/],
    [{ webSocketStream: 1 }, /must be of type boolean/],
  ])("are checked: %#", (options, message) => {
    expect(() => Js.create(options as JsOptions)).toThrow(message);
  });

  test("that the engine cannot have are refused before anything is connected", async () => {
    const asked: [WebSockets.Config, string][] = [
      [{ pingInterval: 1000 }, "pingPong"],
      [{ maxFrameSize: 1000 }, "frameLimits"],
      [{ maxMessageSize: 1000 }, "frameLimits"],
    ];
    for (const [config, capability] of asked) {
      const { client, sockets } = clientWith(config);
      expect(await failure(client.webSocketSession(url), UnsupportedCapabilityError)).toMatchObject({
        capability,
      });
      expect(sockets).toEqual([]);
    }
    const { client } = clientWith();
    const headers = { authorization: "Bearer secret" };
    const error = await failure(client.webSocketSession({ url, headers }), UnsupportedCapabilityError);
    expect(error.message).toMatch("put a ticket into the URL");
    expect(error.message).not.toMatch("secret");
    expect(await failure(client.webSocketRawSession(url), UnsupportedCapabilityError)).toMatchObject({
      capability: "rawFrames",
    });
  });

  test("do not ping by default", async () => {
    const { clock, socket, session } = await meet();
    expect(session.pingInterval).toBe(0);
    await clock.advance(100_000);
    expect(socket.sent).toEqual([]);
  });
});
