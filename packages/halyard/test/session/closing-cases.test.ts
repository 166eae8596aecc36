// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { FrameTooBigError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { reservedOpcode } from "./pipe-transport.ts";
import { checkAllSettled, open, rejectionOf, stateOf, story, turn } from "./support.ts";

afterEach(checkAllSettled);

/** What is so in most stories. */
const nothingLost = { unsent: 0, discarded: 0 };
const none = "without a reason";

// The table in docs/closing.md has a row for each of these, with the same letter.
describe("the cases of closing", () => {
  test("A: we call close", async () => {
    const opened = open();
    const { session, peer } = opened;
    peer.texts("before");
    const closing = session.close({ code: 4000, message: "ours" });
    await turn();
    peer.texts("between");
    peer.close(4001, "theirs");
    expect(await stateOf(session.closeReason)).toBe("fulfilled");
    expect(await stateOf(closing), "the server ends the connection").toBe("pending");
    peer.end();
    expect(await story(opened)).toEqual({
      wire: ["close 4000 ours"],
      closeReason: "4000 ours",
      incoming: "text before, text between, end",
      outgoing: "ChannelClosedError",
      ended: {
        clean: true,
        sent: "4000 ours",
        received: "4001 theirs",
        initiator: "local",
        error: "none",
        ...nothingLost,
      },
    });
    expect(await closing).toBe(await session.ended);
  });

  test("B: the peer closes", async () => {
    const opened = open({ outgoing: bounded({ messages: 2 }) });
    const { session, transport, peer } = opened;
    transport.hold();
    const sends = ["first", "second", "third"].map((text) => session.send(text));
    await turn();
    peer.texts("last words");
    peer.close(4001, "theirs");
    const refused = await rejectionOf(sends[2] as Promise<void>);
    expect(String(refused)).toContain("the session is closed");
    expect(refused, "one object stands for the end").toBe(session.signal.reason);
    transport.release();
    await turn();
    peer.end();
    expect(await story(opened)).toEqual({
      wire: ["text first", "text second", "close 4001 theirs"],
      closeReason: "4001 theirs",
      incoming: "text last words, end",
      outgoing: "ChannelClosedError",
      ended: {
        clean: true,
        sent: "4001 theirs",
        received: "4001 theirs",
        initiator: "peer",
        error: "none",
        unsent: 1,
        discarded: 0,
      },
    });
  });

  test("C: the peer closes without a reason", async () => {
    const opened = open();
    opened.peer.close();
    await turn();
    opened.peer.end();
    expect(await story(opened)).toEqual({
      wire: ["close without a reason"],
      closeReason: "1005",
      incoming: "end",
      outgoing: "ChannelClosedError",
      ended: { clean: true, sent: none, received: none, initiator: "peer", error: "none", ...nothingLost },
    });
  });

  test("D: the connection ends without a Close frame", async () => {
    const opened = open();
    opened.peer.texts("last words");
    opened.peer.end();
    expect(await story(opened)).toEqual({
      wire: [],
      closeReason: "1006 the connection was lost",
      incoming: "text last words, ConnectionError",
      outgoing: "ConnectionError",
      ended: {
        clean: false,
        sent: none,
        received: none,
        initiator: "peer",
        error: "ConnectionError",
        ...nothingLost,
      },
    });
    expect(await opened.session.ended).toMatchObject({ error: { phase: "open", url: "ws://example.org/" } });
  });

  test("E: nothing comes after a ping", async () => {
    const opened = open({ pingInterval: 100, pingTimeout: 50 });
    const { session, peer, clock } = opened;
    peer.texts("last words");
    await clock.advance(149);
    expect(await stateOf(session.ended)).toBe("pending");
    await clock.advance(1);
    expect(await story(opened)).toEqual({
      wire: ["ping 4", "close 1011 Ping timeout"],
      closeReason: "1011 Ping timeout",
      incoming: "text last words, PingTimeoutError",
      outgoing: "PingTimeoutError",
      ended: {
        clean: false,
        sent: "1011 Ping timeout",
        received: none,
        initiator: "local",
        error: "PingTimeoutError",
        ...nothingLost,
      },
    });
    const { error } = await session.ended;
    expect(error).toMatchObject({ milliseconds: 50, url: "ws://example.org/" });
  });

  test("F: a frame is larger than maxFrameSize", async () => {
    const opened = open();
    opened.session.maxFrameSize = 10;
    opened.peer.texts("0123456789");
    opened.peer.texts("0123456789a");
    await turn();
    expect(opened.peer.hasEnd, "who fails a connection ends its side").toBe(true);
    opened.peer.end();
    const reason = "1009 the peer's frame reaches 11, and maxFrameSize is 10";
    expect(await story(opened)).toEqual({
      wire: [`close ${reason}`],
      closeReason: reason,
      incoming: "text 0123456789, FrameTooBigError",
      outgoing: "FrameTooBigError",
      ended: {
        clean: false,
        sent: reason,
        received: none,
        initiator: "local",
        error: "FrameTooBigError",
        ...nothingLost,
      },
    });
  });

  test("G: fragments add up to more than maxMessageSize", async () => {
    const opened = open();
    const half = new Uint8Array(600_000);
    opened.peer.send(new Frame.Binary(half, { fin: false }), new Frame.Binary(half));
    await turn();
    opened.peer.end();
    const reason = "1009 the peer's message reaches 1200000, and maxMessageSize is 1048576";
    expect(await story(opened)).toEqual({
      wire: [`close ${reason}`],
      closeReason: reason,
      incoming: "FrameTooBigError",
      outgoing: "FrameTooBigError",
      ended: {
        clean: false,
        sent: reason,
        received: none,
        initiator: "local",
        error: "FrameTooBigError",
        ...nothingLost,
      },
    });
  });

  test("H: the peer breaks the protocol", async () => {
    const opened = open();
    const { session, peer } = opened;
    peer.deliverBehind(["one", "two"], reservedOpcode);
    expect(await session.incoming.receive()).toMatchObject({ type: "text" });
    await session.send("an answer to the first one");
    await turn();
    expect(await stateOf(session.closeReason)).toBe("fulfilled");
    peer.end();
    expect(await story(opened)).toEqual({
      wire: ["text an answer to the first one", "close 1002 opcode 3 is reserved"],
      closeReason: "1002 opcode 3 is reserved",
      incoming: "text two, ProtocolViolationError",
      outgoing: "ProtocolViolationError",
      ended: {
        clean: false,
        sent: "1002 opcode 3 is reserved",
        received: none,
        initiator: "local",
        error: "ProtocolViolationError",
        ...nothingLost,
      },
    });
  });

  test("H: the peer sends text that is not UTF-8", async () => {
    const opened = open();
    opened.peer.deliver(0x81, 0x01, 0xff);
    await turn();
    opened.peer.end();
    expect(await story(opened)).toMatchObject({
      wire: ["close 1007 a text message is not UTF-8"],
      closeReason: "1007 a text message is not UTF-8",
      incoming: "ProtocolViolationError",
      ended: { clean: false, initiator: "local" },
    });
  });

  test("I: an extension cannot decode what came", async () => {
    const opened = open();
    const { transport, peer } = opened;
    peer.texts("readable");
    transport.fault(new FrameTooBigError("maxMessageSize", 9, 8));
    await turn();
    peer.end();
    const reason = "1009 the peer's message reaches 9, and maxMessageSize is 8";
    expect(await story(opened)).toEqual({
      wire: [`close ${reason}`],
      closeReason: reason,
      incoming: "text readable, FrameTooBigError",
      outgoing: "FrameTooBigError",
      ended: {
        clean: false,
        sent: reason,
        received: none,
        initiator: "local",
        error: "FrameTooBigError",
        ...nothingLost,
      },
    });
  });

  test("J: cancel", async () => {
    const opened = open();
    const { session, peer } = opened;
    peer.texts("has arrived");
    await turn();
    const cause = new RangeError("enough");
    session.cancel(cause);
    session.cancel(new Error("only the first one counts"));
    expect(await story(opened)).toEqual({
      wire: [],
      closeReason: "1006 the session was cancelled",
      incoming: "text has arrived, RangeError",
      outgoing: "RangeError",
      ended: {
        clean: false,
        sent: none,
        received: none,
        initiator: "local",
        error: "RangeError",
        ...nothingLost,
      },
    });
    expect(peer.hasEnd).toBe(true);
    expect([(await session.ended).error, session.signal.reason]).toEqual([cause, cause]);
    expect(await rejectionOf(session.send("late"))).toBe(cause);
  });

  test("K: the outgoing channel is closed", async () => {
    const opened = open({ answersClose: true });
    await opened.session.send("last words");
    opened.session.outgoing.close();
    expect(await story(opened)).toEqual({
      wire: ["text last words", "close 1000"],
      closeReason: "1000",
      incoming: "end",
      outgoing: "ChannelClosedError",
      ended: {
        clean: true,
        sent: "1000",
        received: "1000",
        initiator: "local",
        error: "none",
        ...nothingLost,
      },
    });
  });

  test("L: writing fails", async () => {
    const opened = open({ outgoing: bounded({ messages: 1 }) });
    const { session, transport, peer } = opened;
    transport.hold();
    await session.send("accepted");
    await turn();
    const waiting = rejectionOf(session.send("waits"));
    const flushed = rejectionOf(session.flush());
    const error = new RangeError("broken pipe");
    peer.reset(error);
    expect(await story(opened)).toEqual({
      wire: [],
      closeReason: "1006 the connection was lost",
      incoming: "RangeError",
      outgoing: "RangeError",
      ended: {
        clean: false,
        sent: none,
        received: none,
        initiator: "peer",
        error: "RangeError",
        unsent: 2,
        discarded: 0,
      },
    });
    expect([await waiting, await flushed]).toEqual([error, error]);
  });

  // What the client does then is held against the engines in the contract; here it is the two calls it makes.
  test("M: the client is closed", async () => {
    const opened = open({ answersClose: true });
    void opened.session.close({ code: 1001, message: "the client was closed" });
    expect(await story(opened)).toMatchObject({
      wire: ["close 1001 the client was closed"],
      closeReason: "1001 the client was closed",
      incoming: "end",
      ended: { clean: true, initiator: "local" },
    });
  });

  test("M: the caller aborts", async () => {
    const opened = open();
    const controller = new AbortController();
    controller.signal.addEventListener("abort", () => opened.session.cancel(controller.signal.reason));
    const receiving = rejectionOf(opened.session.incoming.receive());
    controller.abort(new RangeError("no longer wanted"));
    expect(await story(opened)).toMatchObject({
      wire: [],
      closeReason: "1006 the session was cancelled",
      incoming: "RangeError",
      outgoing: "RangeError",
      ended: { clean: false, initiator: "local", error: "RangeError" },
    });
    expect(await receiving).toBe(controller.signal.reason);
  });
});
