// SPDX-License-Identifier: Apache-2.0
// What ends the session has come, and lies behind what nobody has read yet.
import { afterEach, describe, expect, test } from "vitest";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelClosedError } from "../../src/session/errors.ts";
import { type Peer, reservedOpcode } from "./pipe-transport.ts";
import { checkAllSettled, drain, open, rejectionOf, stateOf, story, turn } from "./support.ts";

afterEach(checkAllSettled);

describe("while a full incoming channel keeps us from reading", () => {
  const ends = [
    ["the peer's Close frame", (peer: Peer) => peer.close(4001), "4001", "end"],
    [
      "a fault",
      (peer: Peer) => peer.deliver(...reservedOpcode),
      "1002 opcode 3 is reserved",
      "ProtocolViolationError",
    ],
    [
      "the end of the connection",
      (peer: Peer) => peer.end(),
      "1006 the connection was lost",
      "ConnectionError",
    ],
    [
      "a reset",
      (peer: Peer) => peer.reset(new RangeError("reset")),
      "1006 the connection was lost",
      "RangeError",
    ],
  ] as const;

  /** A session whose reader is slow: "one" is in the channel, "two" waits for room, and more was read ahead. */
  async function suspended(options: Parameters<typeof open>[0] = {}) {
    const opened = open({ incoming: bounded({ messages: 1 }), ...options });
    opened.peer.texts("one", "two");
    await turn();
    return opened;
  }

  test("a reader makes room message by message, and nothing is lost", async () => {
    const opened = await suspended();
    opened.peer.texts("three", "four");
    opened.peer.texts("five");
    opened.peer.close(1000);
    opened.peer.end();
    const texts = ["one", "two", "three", "four", "five"].map((text) => `text ${text}`);
    expect(await drain(opened.session)).toEqual([...texts, "end"]);
    expect(await opened.session.ended).toMatchObject({ clean: true, discarded: 0 });
  });

  test.each(ends)(
    "%s is told though nobody reads, and what came before stays",
    async (_, end, reason, ending) => {
      const opened = await suspended();
      const { session, peer } = opened;
      peer.texts("three");
      expect(await stateOf(session.closeReason), "nothing has ended").toBe("pending");
      end(peer);
      expect(await stateOf(session.closeReason)).toBe("fulfilled");
      expect(session.signal.aborted).toBe(true);
      peer.end();
      expect(await stateOf(session.ended)).toBe("fulfilled");
      expect(await story(opened)).toMatchObject({
        closeReason: reason,
        incoming: `text one, text two, text three, ${ending}`,
        ended: { discarded: 0 },
      });
    },
  );

  test("what we have not read cannot be told: that waits for a reader, or for our close", async () => {
    const opened = await suspended();
    const { session, peer } = opened;
    peer.texts("three");
    peer.texts("four");
    peer.close(4001);
    expect(await stateOf(session.closeReason)).toBe("pending");
    void session.close({ code: 4000 });
    peer.end();
    expect(await story(opened)).toMatchObject({
      closeReason: "4000",
      ended: { clean: true, received: "4001" },
    });
  });

  test("a message behind a full channel and the Close frame of the same read: told as well", async () => {
    const opened = open({ incoming: bounded({ messages: 1 }) });
    opened.peer.deliverBehind(["one", "two", "three"], [0x88, 0x02, 0x0f, 0xa1]);
    expect(await stateOf(opened.session.closeReason)).toBe("fulfilled");
    opened.peer.end();
    expect(await story(opened)).toMatchObject({
      closeReason: "4001",
      incoming: "text one, text two, text three, end",
      ended: { clean: true, initiator: "peer", discarded: 0 },
    });
  });

  test("a connection that dies ends a send that waits, though its caller is the reader", async () => {
    const opened = await suspended({ outgoing: bounded({ messages: 1 }) });
    const { session, transport, peer } = opened;
    transport.hold();
    const error = new RangeError("reset");
    const echo = (async () => {
      for await (const frame of session.incoming) await session.send(frame);
    })();
    await turn();
    peer.texts("three", "four");
    await turn();
    peer.reset(error);
    expect(await rejectionOf(echo)).toBe(error);
    expect(await story(opened)).toMatchObject({
      closeReason: "1006 the connection was lost",
      incoming: "text three, text four, RangeError",
      ended: { unsent: 2, discarded: 0 },
    });
  });

  test("a connection that dies ends a flush that waits, with what ended it", async () => {
    const { session, transport, peer } = await suspended();
    transport.hold();
    await session.send("in flight");
    await turn();
    const flushed = rejectionOf(session.flush());
    const error = new Error("reset");
    peer.reset(error);
    expect(await flushed).toBe(error);
    expect((await session.ended).error).toBe(error);
  });

  test("the peer's Close frame has come, unseen: it came before our close", async () => {
    const opened = await suspended();
    opened.peer.close(4001, "theirs");
    expect(opened.transport.closing.sent, "the transport has answered").not.toBe(null);
    void opened.session.close({ code: 4000 });
    await turn();
    opened.peer.end();
    expect(await story(opened)).toMatchObject({
      wire: ["close 4001 theirs"],
      closeReason: "4001 theirs",
      ended: { clean: true, initiator: "peer", sent: "4001 theirs", received: "4001 theirs" },
    });
  });

  test("a send that the transport refuses meanwhile rejects with what ended the session", async () => {
    const opened = await suspended();
    const { session, transport, peer } = opened;
    peer.close(4001);
    expect(transport.closing.canSend).toBe(false);
    expect(session.outgoing.isClosedForSend, "the session has not seen it").toBe(false);
    const refused = await rejectionOf(session.send("too late"));
    expect(refused).toBeInstanceOf(ChannelClosedError);
    expect(refused).toBe(session.signal.reason);
    peer.end();
    expect((await session.ended).unsent, "it was never accepted").toBe(0);

    const broken = await suspended();
    broken.peer.deliver(...reservedOpcode);
    expect(await rejectionOf(broken.session.send("too late"))).toMatchObject({
      name: "ProtocolViolationError",
    });
    broken.peer.end();
    expect((await broken.session.ended).error).toBe(broken.session.signal.reason);
  });

  test("the peer's Close frame has come, unseen, and we cancel: its reason stands, and no timer is left", async () => {
    const opened = await suspended();
    opened.peer.close(4001);
    opened.session.cancel();
    expect(await story(opened)).toMatchObject({
      closeReason: "4001",
      incoming: "text one, ChannelClosedError",
      ended: { clean: true, initiator: "peer", error: "ChannelClosedError" },
    });
  });

  test("the peer's Close frame has come, unseen, and a message in parts fails: the peer's reason stands", async () => {
    const opened = await suspended();
    async function* source(): AsyncGenerator<string> {
      yield "begun";
      opened.peer.close(4001);
      throw new RangeError("enough");
    }
    expect(await rejectionOf(opened.session.send(source()))).toMatchObject({ message: "enough" });
    opened.peer.end();
    expect(await story(opened)).toMatchObject({
      closeReason: "4001",
      ended: { clean: true, initiator: "peer", sent: "4001", received: "4001", error: "RangeError" },
    });
  });

  test("the peer has broken the protocol, unseen, and we cancel: no timer is left", async () => {
    const opened = await suspended();
    opened.peer.deliver(...reservedOpcode);
    opened.session.cancel(new RangeError("enough"));
    expect(await story(opened)).toMatchObject({
      closeReason: "1002 opcode 3 is reserved",
      incoming: "text one, RangeError",
      ended: { clean: false, initiator: "local", error: "RangeError" },
    });
  });
});

describe("a Close frame behind messages of the same read", () => {
  const close4001 = [0x88, 0x02, 0x0f, 0xa1];

  test("has come at once: our close in between is the second, and needs no other answer", async () => {
    const opened = open();
    const { session, transport, peer } = opened;
    peer.deliverBehind(["last words"], close4001);
    expect(await session.incoming.receive()).toMatchObject({ type: "text" });
    expect(transport.closing.sent, "it is not answered yet").toBe(null);
    void session.close({ code: 4000 });
    await turn();
    peer.end();
    expect(await story(opened)).toMatchObject({
      wire: ["close 4000"],
      closeReason: "4001",
      ended: { clean: true, initiator: "peer", sent: "4000", received: "4001", error: "none" },
    });
  });

  test("has come at once: its reason stands when we cancel in between", async () => {
    const opened = open();
    const { session, peer } = opened;
    peer.deliverBehind(["last words"], close4001);
    await session.incoming.receive();
    session.cancel(new RangeError("enough"));
    expect(await story(opened)).toMatchObject({
      wire: [],
      closeReason: "4001",
      incoming: "RangeError",
      ended: { clean: false, initiator: "peer", received: "4001", error: "RangeError" },
    });
  });

  test("leaves a turn to answer the messages before it", async () => {
    const opened = open();
    const { session, peer } = opened;
    peer.deliverBehind(["question"], close4001);
    await session.incoming.receive();
    await session.send("answer");
    await turn();
    peer.end();
    expect(await story(opened)).toMatchObject({
      wire: ["text answer", "close 4001"],
      ended: { clean: true, initiator: "peer", unsent: 0 },
    });
  });
});
