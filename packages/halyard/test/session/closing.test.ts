// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelClosedError, ConnectionError } from "../../src/session/errors.ts";
import { reservedOpcode } from "./pipe-transport.ts";
import { checkAllSettled, open, rejectionOf, stateOf, story, turn } from "./support.ts";

afterEach(checkAllSettled);

describe("a closing handshake that is not completed", () => {
  const timedOut = { name: "TimeoutError", phase: "closing", url: "ws://example.org/" };

  test("never answered: the deadline counts from the call, and traffic does not put it off", async () => {
    const opened = open();
    const { session, peer, clock } = opened;
    await clock.advance(1000);
    const closing = session.close({ code: 4000, message: "ours" });
    await turn();
    for (let at = 0; at < 4; at++) {
      await clock.advance(1249);
      peer.texts(`${at}`);
      await turn();
    }
    expect(await stateOf(session.closeReason), "one more message may come").toBe("pending");
    await clock.advance(4);
    const { error, clean } = await closing;
    expect(clean).toBe(false);
    expect(error).toMatchObject({ ...timedOut, milliseconds: 5000 });
    expect(String(error)).toContain("not completed within 5000 ms");
    expect(await story(opened)).toMatchObject({
      wire: ["close 4000 ours"],
      closeReason: "4000 ours",
      incoming: "text 0, text 1, text 2, text 3, TimeoutError",
      ended: { sent: "4000 ours", received: "without a reason", initiator: "local" },
    });
  });

  test("a timeout of its own counts instead of closeTimeout", async () => {
    const { session, clock } = open({ closeTimeout: 5000 });
    const closing = session.close({ code: 1000 }, { timeout: 6000 });
    await clock.advance(5999);
    expect(await stateOf(closing)).toBe("pending");
    await clock.advance(1);
    expect((await closing).error).toMatchObject({ milliseconds: 6000 });
  });

  test("the peer closes, but never ends the connection: clean, and over with the deadline", async () => {
    const opened = open({ closeTimeout: 300 });
    opened.peer.close(1000);
    await turn();
    await opened.clock.advance(299);
    expect(await stateOf(opened.session.ended)).toBe("pending");
    expect(opened.peer.hasEnd).toBe(false);
    await opened.clock.advance(1);
    expect(opened.peer.hasEnd).toBe(true);
    expect(await story(opened)).toMatchObject({ incoming: "end", ended: { clean: true, error: "none" } });
  });

  test("the peer has closed: a close of ours can only bring the end nearer", async () => {
    const later = open({ closeTimeout: 300 });
    later.peer.close(1000);
    await turn();
    void later.session.close({ code: 1000 }, { timeout: 60_000 });
    await later.clock.advance(300);
    await later.session.ended;

    const sooner = open({ closeTimeout: 300 });
    sooner.peer.close(1000);
    await turn();
    void sooner.session.close({ code: 1000 }, { timeout: 100 });
    await sooner.clock.advance(100);
    expect(await sooner.session.ended).toMatchObject({ clean: true, initiator: "peer" });
  });

  test("a stalled peer and a full queue: over with the deadline, and what was not sent is counted", async () => {
    const opened = open({ outgoing: bounded({ messages: 1 }) });
    const { session, transport, clock } = opened;
    transport.hold();
    await session.send("in flight");
    const waiting = rejectionOf(session.send("waits"));
    const flushed = rejectionOf(session.flush());
    void session.close();
    await clock.advance(5000);
    expect(await waiting).toMatchObject(timedOut);
    expect(await flushed).toMatchObject(timedOut);
    expect(await story(opened)).toMatchObject({
      wire: [],
      closeReason: "1000",
      incoming: "TimeoutError",
      outgoing: "TimeoutError",
      ended: { clean: false, sent: "without a reason", unsent: 2 },
    });
  });

  test("our Close frame waits behind others when the peer's comes: that is answered at once", async () => {
    const opened = open({ outgoing: bounded({ messages: 1 }) });
    const { session, transport, peer } = opened;
    transport.hold();
    await session.send("in flight");
    await turn();
    const waiting = rejectionOf(session.send("waits"));
    void session.close({ code: 4000 });
    peer.close(4001);
    expect(await waiting).toBeInstanceOf(ChannelClosedError);
    transport.release();
    await turn();
    peer.end();
    expect(await story(opened)).toMatchObject({
      wire: ["text in flight", "close 4001"],
      closeReason: "4000",
      ended: { clean: true, sent: "4001", received: "4001", initiator: "local", unsent: 1 },
    });
  });

  test("the connection ends instead of an answer", async () => {
    const opened = open();
    void opened.session.close({ code: 4000 });
    await turn();
    opened.peer.end();
    expect(await story(opened)).toMatchObject({
      closeReason: "4000",
      incoming: "ConnectionError",
      ended: { clean: false, initiator: "local", error: "ConnectionError" },
    });
    expect((await opened.session.ended).error).toMatchObject({ phase: "closing" });
  });

  test("the peer breaks the protocol instead of answering: our reason stays, sent or not", async () => {
    const sent = open();
    void sent.session.close({ code: 4000 });
    await turn();
    sent.peer.deliver(...reservedOpcode);
    await turn();
    sent.peer.end();
    expect(await story(sent)).toMatchObject({
      wire: ["close 4000"],
      closeReason: "4000",
      incoming: "ProtocolViolationError",
      ended: { clean: false, sent: "4000", initiator: "local", error: "ProtocolViolationError" },
    });
    expect((await sent.session.ended).error).toMatchObject({ phase: "closing", url: "ws://example.org/" });

    const waiting = open({ outgoing: bounded({ messages: 1 }) });
    waiting.transport.hold();
    await waiting.session.send("in flight");
    const turnedAway = rejectionOf(waiting.session.send("waits"));
    void waiting.session.close({ code: 4000 });
    waiting.peer.deliver(...reservedOpcode);
    await turnedAway;
    waiting.transport.release();
    await turn();
    waiting.peer.end();
    expect(await story(waiting)).toMatchObject({
      wire: ["text in flight", "close 1002 opcode 3 is reserved"],
      closeReason: "4000",
      ended: { sent: "1002 opcode 3 is reserved" },
    });
  });

  test("the peer broke the protocol and keeps the connection: over with the deadline", async () => {
    const opened = open();
    opened.peer.deliver(...reservedOpcode);
    await turn();
    await opened.clock.advance(4999);
    expect(await stateOf(opened.session.ended)).toBe("pending");
    opened.peer.deliver(...reservedOpcode);
    await opened.clock.advance(1);
    const { error } = await opened.session.ended;
    expect(error).toMatchObject({ name: "ProtocolViolationError", phase: "open", url: "ws://example.org/" });
  });

  test("a failure of which the peer could not be told is 1006", async () => {
    const opened = open();
    opened.transport.closing.failed(new ConnectionError("it cannot go on"));
    opened.peer.reset(new RangeError("gone"));
    expect(await story(opened)).toMatchObject({
      closeReason: "1006 the connection was lost",
      ended: { initiator: "local", error: "RangeError" },
    });
  });

  test("a connection that breaks after both Close frames have passed was closed cleanly", async () => {
    const opened = open();
    opened.peer.close(1000);
    await turn();
    opened.peer.reset(new Error("reset"));
    expect(await story(opened)).toMatchObject({ incoming: "end", ended: { clean: true, error: "none" } });
  });
});

describe("incoming while closing", () => {
  test("it is buffered up to the bound, then dropped and counted", async () => {
    const opened = open({ incoming: bounded({ messages: 2 }) });
    const { session, peer } = opened;
    void session.close({ code: 1000 });
    await turn();
    peer.texts("one", "two", "three", "four");
    await turn();
    peer.close(1000);
    peer.end();
    expect(await story(opened)).toMatchObject({
      incoming: "text one, text two, end",
      ended: { clean: true, discarded: 2 },
    });
  });

  test("those of the read that brings the peer's Close frame are kept", async () => {
    const opened = open({ incoming: bounded({ messages: 1 }) });
    const { session, peer } = opened;
    void session.close({ code: 1000 });
    await turn();
    peer.texts("one", "two");
    await turn();
    peer.deliverBehind(["three", "four"], [0x88, 0x00]);
    peer.end();
    expect(await story(opened)).toMatchObject({
      incoming: "text one, text three, text four, end",
      ended: { clean: true, discarded: 1 },
    });
  });

  test("a message that waited for room is dropped with the call, and the handshake goes on", async () => {
    const opened = open({ incoming: bounded({ messages: 1 }) });
    opened.peer.texts("one", "two");
    await turn();
    void opened.session.close();
    await turn();
    opened.peer.close(1000);
    opened.peer.end();
    expect(await story(opened)).toMatchObject({
      incoming: "text one, end",
      ended: { clean: true, discarded: 1 },
    });
  });

  test("after incoming.cancel() everything is dropped and counted", async () => {
    const opened = open({ answersClose: true });
    opened.peer.texts("one");
    await turn();
    opened.session.incoming.cancel();
    opened.peer.texts("two");
    await turn();
    await opened.session.send("the session lives on");
    void opened.session.close();
    expect(await story(opened)).toMatchObject({ incoming: "end", ended: { clean: true, discarded: 2 } });
  });
});
