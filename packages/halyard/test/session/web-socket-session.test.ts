// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test, vi } from "vitest";
import { CloseReason } from "../../src/protocol/close-reason.ts";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelClosedError, TimeoutError } from "../../src/session/errors.ts";
import type { CloseOptions } from "../../src/session/session-options.ts";
import { checkAllSettled, drain, open, openRaw, rejectionOf, stateOf, story, turn } from "./support.ts";

afterEach(checkAllSettled);

describe("send", () => {
  test("takes strings, bytes of any kind and frames", async () => {
    const { session, peer } = open({ answersClose: true });
    const contents = [
      "text",
      Uint8Array.of(1),
      new Uint16Array(1),
      new ArrayBuffer(3),
      new SharedArrayBuffer(4),
      new Frame.Ping(),
    ];
    for (const content of contents) await session.send(content);
    await session.flush();
    expect(peer.frames).toEqual(["text text", "binary 1", "binary 2", "binary 3", "binary 4", "ping 0"]);
    await session.close();
  });

  test.each([
    [null, "null"],
    [undefined, "undefined"],
    [7, "number"],
    [{ text: "no" }, "object"],
  ])("rejects %o, and the session lives on", async (content, kind) => {
    const { session } = open({ answersClose: true });
    const error = await rejectionOf(session.send(content as never));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(String(error)).toContain(`not ${kind}`);
    expect((await session.close()).clean).toBe(true);
  });

  test("works where there is no SharedArrayBuffer", async () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const { session, peer } = open({ answersClose: true });
    await session.send(new ArrayBuffer(1));
    expect(await rejectionOf(session.send({} as never))).toBeInstanceOf(InvalidArgumentError);
    vi.unstubAllGlobals();
    await session.close();
    expect(peer.frames[0]).toBe("binary 1");
  });

  test("an aborted one that waits sends nothing and ends nothing", async () => {
    const { session, transport, peer } = open({ answersClose: true, outgoing: bounded({ messages: 1 }) });
    transport.hold();
    await session.send("first");
    const controller = new AbortController();
    const waiting = rejectionOf(session.send("never", { signal: controller.signal }));
    controller.abort("given up");
    expect(await waiting).toBe("given up");
    transport.release();
    expect(await session.close()).toMatchObject({ clean: true, unsent: 0 });
    expect(peer.frames).toEqual(["text first", "close 1000"]);
  });
});

describe("properties", () => {
  test("masking is as RFC 6455 wants it, and cannot be set otherwise", async () => {
    const { session: client } = open({ role: "client", answersClose: true });
    const { session: server } = open({ role: "server", answersClose: true });
    expect([client.masking, server.masking]).toEqual([true, false]);
    client.masking = true;
    expect(() => {
      client.masking = false;
    }).toThrow("masking cannot be false");
    expect(() => {
      server.masking = true;
    }).toThrow(InvalidArgumentError);
    await client.close();
    await server.close();
  });

  test("maxFrameSize can be read and set", async () => {
    const { session } = open({ answersClose: true, subprotocol: "chat" });
    expect(session.maxFrameSize).toBe(2 ** 20);
    session.maxFrameSize = 5;
    expect([session.maxFrameSize, session.subprotocol]).toEqual([5, "chat"]);
    expect(() => {
      session.maxFrameSize = 0;
    }).toThrow("maxFrameSize must be");
    await session.close();
  });

  test.each([
    ["ours", (opened: ReturnType<typeof open>) => void opened.session.close()],
    ["the peer's", (opened: ReturnType<typeof open>) => opened.peer.answer(new Frame.Close({ code: 1000 }))],
  ])("one error stands for a clean end, %s", async (_, close) => {
    const opened = open({ answersClose: true });
    const { session } = opened;
    const waiting = rejectionOf(session.incoming.receive());
    close(opened);
    await session.ended;
    const error: unknown = session.signal.reason;
    expect(error).toBeInstanceOf(ChannelClosedError);
    expect(String(error)).toContain("the session is closed");
    for (const other of [
      waiting,
      rejectionOf(session.incoming.receive()),
      rejectionOf(session.send("late")),
      rejectionOf(session.outgoing.send(new Frame.Ping())),
    ]) {
      expect(await other).toBe(error);
    }
    expect(await drain(session)).toEqual(["end"]);
  });

  test("closeReason, ended and signal are the same each time, before the end and behind it", async () => {
    const { session } = open({ answersClose: true });
    const promises = () => [session.closeReason, session.ended, session.signal];
    const before = promises();
    expect(promises().every((each, at) => each === before[at])).toBe(true);
    await session.close();
    expect(promises().every((each, at) => each === before[at])).toBe(true);
  });

  test("the signal aborts when nothing more will be received", async () => {
    const { session, peer } = open();
    expect(session.signal.aborted).toBe(false);
    peer.close(1000);
    await session.closeReason;
    expect(session.signal.reason).toBeInstanceOf(ChannelClosedError);
    peer.end();
    await session.ended;
  });

  test("who hears of a failure by the signal finds that nothing more can be sent", async () => {
    const { session, peer } = open();
    const closed: boolean[] = [];
    session.signal.addEventListener("abort", () => closed.push(session.outgoing.isClosedForSend));
    peer.reset(new Error("the cable was cut"));
    await session.ended;
    expect(closed).toEqual([true]);
  });
});

describe("close", () => {
  test("what cannot be sent is refused, and nothing was sent", async () => {
    const { session, peer } = open({ answersClose: true });
    for (const reason of [{ code: 1005 }, { code: 999 }, { code: 1000, message: "x".repeat(124) }]) {
      expect(await rejectionOf(session.close(reason))).toBeInstanceOf(InvalidArgumentError);
    }
    for (const timeout of [0, -1, Infinity]) {
      const refused = await rejectionOf(session.close({ code: 1000 }, { timeout }));
      expect(refused).toBeInstanceOf(InvalidArgumentError);
      expect(String(refused)).toContain("timeout must be");
    }
    const wrong = { timeOut: 1 } as CloseOptions;
    expect(String(await rejectionOf(session.close(undefined, wrong)))).toContain(
      'close has no option "timeOut"',
    );
    await session.send("still open");
    await session.close(new CloseReason(4000));
    expect(peer.frames).toEqual(["text still open", "close 4000"]);
  });

  test("a second call changes nothing and waits for the same end", async () => {
    const { session, peer, clock } = open();
    const first = session.close({ code: 4001 }, { timeout: 100 });
    const second = session.close({ code: 4002 }, { timeout: 60_000 });
    const third = session.close({ code: 4003 }, { timeout: 10 });
    await clock.advance(99);
    expect(await stateOf(first)).toBe("pending");
    await clock.advance(1);
    expect(await third).toBe(await first);
    expect(await second).toBe(await first);
    expect(peer.frames).toEqual(["close 4001"]);
    expect(await session.close()).toBe(await first);
  });

  test("await using closes with 1000", async () => {
    const opened = open({ answersClose: true });
    {
      await using session = opened.session;
      await session.send("hello");
    }
    expect(await opened.session.ended).toMatchObject({ clean: true, sent: { code: 1000 } });
    expect(opened.peer.frames).toEqual(["text hello", "close 1000"]);
  });

  test("a Close frame that is sent is a close, an empty one stands for 1005", async () => {
    const opened = open({ answersClose: true });
    await opened.session.send(new Frame.Close());
    expect(await story(opened)).toMatchObject({
      wire: ["close without a reason"],
      closeReason: "1005",
      incoming: "end",
      ended: { clean: true, initiator: "local", error: "none" },
    });
  });

  test("to a full queue it goes behind the frames that were accepted or wait", async () => {
    const { session, transport, peer } = open({ answersClose: true, outgoing: bounded({ messages: 1 }) });
    transport.hold();
    const sends = [session.send("first"), session.send("second")];
    const closing = session.close();
    expect(await rejectionOf(session.send("late"))).toBeInstanceOf(ChannelClosedError);
    await turn();
    transport.release();
    await Promise.all(sends);
    expect(await closing).toMatchObject({ clean: true, unsent: 0 });
    expect(peer.frames).toEqual(["text first", "text second", "close 1000"]);
  });
});

describe("cancel", () => {
  test("without a cause it is ChannelClosedError", async () => {
    const opened = open();
    opened.session.cancel();
    expect(await story(opened)).toMatchObject({
      incoming: "ChannelClosedError",
      outgoing: "ChannelClosedError",
    });
    expect(String((await opened.session.ended).error)).toContain("the session was cancelled");
  });

  test("a second time changes nothing, and whoever is told of ends is told once", async () => {
    const onEnd = vi.fn();
    const { session } = open({ onEnd });
    session.cancel(new Error("first"));
    session.cancel(new Error("second"));
    expect(await session.ended).toMatchObject({ error: { message: "first" } });
    expect(onEnd.mock.calls).toEqual([[session]]);
  });

  test("while closing: our reason stays", async () => {
    const { session, clock } = open();
    const closing = session.close({ code: 4000 });
    await clock.advance(1);
    session.cancel(new RangeError("enough"));
    expect(await closing).toMatchObject({
      clean: false,
      reason: { code: 4000 },
      error: { message: "enough" },
    });
  });

  test("counts frames of messages as unsent, and no pings", async () => {
    const { session, transport } = open({ outgoing: bounded({ messages: 2 }) });
    transport.hold();
    await session.send("in flight");
    await turn();
    await session.send(new Frame.Ping());
    const failed = [rejectionOf(session.send(new Frame.Pong())), rejectionOf(session.send("waits"))];
    session.cancel();
    await Promise.all(failed);
    expect((await session.ended).unsent).toBe(2);
  });

  test("turns away who waits to send", async () => {
    const { session, transport } = open({ outgoing: bounded({ messages: 1 }) });
    transport.hold();
    await session.send("in flight");
    const cause = new Error("enough");
    const failed = [rejectionOf(session.send("waits")), rejectionOf(session.flush())];
    session.cancel(cause);
    expect(await Promise.all(failed)).toEqual([cause, cause]);
    expect((await session.ended).unsent).toBe(2);
  });
});

describe("a raw session", () => {
  test("sees every frame as it came, and answers nothing", async () => {
    const opened = openRaw({ answersClose: true });
    opened.peer.send(
      new Frame.Text("a", { fin: false }),
      new Frame.Ping(),
      new Frame.Text("b"),
      new Frame.Pong(),
    );
    await turn();
    expect(opened.peer.frames).toEqual([]);
    void opened.session.close();
    expect(await story(opened)).toMatchObject({
      incoming: "text a ..., ping 0, text b, pong 0, close 1000, end",
      ended: { clean: true, initiator: "local" },
    });
  });

  test("the peer's Close frame is seen, and answered by hand, after other frames", async () => {
    const opened = openRaw();
    opened.peer.close(4001, "theirs");
    await turn();
    expect(opened.session.outgoing.isClosedForSend).toBe(false);
    await opened.session.send("one more");
    await opened.session.send(new Frame.Close({ code: 4002 }));
    await turn();
    opened.peer.end();
    expect(await story(opened)).toEqual({
      wire: ["text one more", "close 4002"],
      closeReason: "4001 theirs",
      incoming: "close 4001 theirs, end",
      outgoing: "ChannelClosedError",
      ended: {
        clean: true,
        sent: "4002",
        received: "4001 theirs",
        initiator: "peer",
        error: "none",
        unsent: 0,
        discarded: 0,
      },
    });
  });

  test("a Close frame that nobody answers: over with the deadline", async () => {
    const opened = openRaw({ closeTimeout: 300 });
    opened.peer.close(4001);
    await turn();
    await opened.clock.advance(300);
    expect(await story(opened)).toMatchObject({
      wire: [],
      closeReason: "4001",
      incoming: "close 4001, end",
      outgoing: "TimeoutError",
      ended: { clean: false, received: "4001", initiator: "peer", error: "TimeoutError" },
    });
    expect((await opened.session.ended).error).toBeInstanceOf(TimeoutError);
  });

  test("a peer that closes and ends the connection does not wait for an answer", async () => {
    const opened = openRaw();
    opened.peer.close(4001);
    opened.peer.end();
    expect(await story(opened)).toMatchObject({
      wire: [],
      incoming: "close 4001, end",
      ended: { clean: false, error: "none" },
    });
  });

  test("while closing, the peer's Close frame counts though the channel has no room for it", async () => {
    const opened = openRaw({ incoming: bounded({ messages: 1 }) });
    opened.peer.texts("one");
    await turn();
    void opened.session.close();
    await turn();
    opened.peer.close(1000);
    opened.peer.end();
    expect(await story(opened)).toMatchObject({
      incoming: "text one, close 1000, end",
      ended: { clean: true, discarded: 0 },
    });
  });

  test("its bounds hold", async () => {
    const opened = openRaw({ incoming: bounded({ messages: 1 }), answersClose: true });
    opened.peer.texts("one", "two", "three");
    await turn();
    expect(await opened.session.incoming.receive()).toMatchObject({ type: "text" });
    await turn();
    void opened.session.close();
    await turn();
    expect(await drain(opened.session)).toEqual(["text two", "close 1000", "end"]);
    expect((await opened.session.ended).discarded).toBe(1);
  });
});
