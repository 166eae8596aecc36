// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test, vi } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded, unlimited } from "../../src/session/bounds.ts";
import { ChannelClosedError, ChannelOverflowError } from "../../src/session/errors.ts";
import { Deferred } from "../../src/session/waiting.ts";
import { full, outgoing, small } from "./outgoing-support.ts";
import { rejectionOf, stateOf, turn } from "./support.ts";

describe("send", () => {
  test("with room it is sent at once, and what was sent may change then", async () => {
    const { queue, peer } = outgoing();
    const payload = Uint8Array.of(1, 2, 3);
    const sent = queue.send(new Frame.Text(new TextEncoder().encode("abc")));
    void queue.send(new Frame.Binary(payload));
    payload.fill(0);
    await sent;
    await turn();
    expect(peer.frames).toEqual(["text abc", "binary 3"]);
  });

  test("calls keep their order, with and without waiting (LC-07)", async () => {
    const { queue, transport, peer } = await full(bounded({ messages: 2 }));
    const sends = ["b", "c", "d", "e"].map((name) => queue.send(small(name)));
    expect(await stateOf(sends[0] as Promise<void>)).toBe("fulfilled");
    expect(await stateOf(sends[1] as Promise<void>)).toBe("pending");
    transport.release();
    await Promise.all([...sends, queue.send(small("f"))]);
    await turn();
    expect(peer.frames).toEqual(["text a..", "text b..", "text c..", "text d..", "text e..", "text f.."]);
  });

  test("the bound in messages holds, frame by frame", async () => {
    const { queue, transport } = await full();
    const [second, third] = [queue.send(small("b")), queue.send(small("c"))];
    transport.letOneWritePass();
    expect([await stateOf(second), await stateOf(third)]).toEqual(["fulfilled", "pending"]);
    transport.letOneWritePass();
    expect(await stateOf(third)).toBe("fulfilled");
  });

  test("it fills and empties any number of times", async () => {
    const { queue, transport, peer } = outgoing(bounded({ messages: 1 }));
    for (const [first, second] of ["ab", "cd", "ef"]) {
      transport.hold();
      const sends = [queue.send(small(first as string)), queue.send(small(second as string))];
      expect(await stateOf(sends[1] as Promise<void>)).toBe("pending");
      transport.release();
      await Promise.all(sends);
      await queue.flush();
    }
    expect(peer.frames.join(" ")).toBe("text a.. text b.. text c.. text d.. text e.. text f..");
  });

  test.each([
    ["reached", 8, "fulfilled"],
    ["passed by one", 7, "pending"],
  ])("the bound in bytes, %s", async (_, bytes, state) => {
    const { queue, transport } = await full(bounded({ bytes }));
    expect(transport.pendingBytes).toBe(5);
    expect(await stateOf(queue.send(small("b")))).toBe(state);
  });

  test.each([
    ["as it is in UTF-8", "éé", true],
    ["and not as it is in characters", "ééé", false],
  ])("the bound in bytes counts text %s", async (_, text, isAccepted) => {
    const { queue } = await full(bounded({ bytes: 10 }));
    expect(queue.trySend(new Frame.Text(text))).toBe(isAccepted);
  });

  test("a frame larger than the bound enters an empty queue", async () => {
    const { queue, transport } = outgoing(bounded({ bytes: 2 }));
    transport.hold();
    expect(await stateOf(queue.send(small("a")))).toBe("fulfilled");
    const second = queue.send(small("b"));
    expect(await stateOf(second)).toBe("pending");
    transport.release();
    await second;
  });

  test("however many wait, the transport is asked once for each step forward", async () => {
    const { queue, transport } = await full();
    const progress = vi.spyOn(transport, "progress");
    const sends = ["b", "c", "d"].map((name) => queue.send(small(name)));
    transport.release();
    await Promise.all(sends);
    expect(progress.mock.calls.length).toBeLessThanOrEqual(3);
  });

  test("a small frame does not overtake a large one that waits", async () => {
    const { queue, transport, peer } = await full(bounded({ bytes: 8 }));
    const large = queue.send(new Frame.Text("too long for now"));
    const little = queue.send(small(""));
    expect(await stateOf(little)).toBe("pending");
    transport.release();
    await Promise.all([large, little]);
    await turn();
    expect(peer.frames).toEqual(["text a..", "text too long for now", "text ..."]);
  });

  test("while it waits the caller may change the buffer: it was copied at the call", async () => {
    const { queue, transport, peer } = await full();
    const payload = new TextEncoder().encode("abc");
    const text = queue.send(new Frame.Text(payload));
    payload.fill(0x78);
    transport.release();
    await text;
    await turn();
    expect(peer.frames).toEqual(["text a..", "text abc"]);
  });

  test("a frame that breaks the protocol is refused, at once and after a wait, and nothing else is", async () => {
    const { queue, transport, peer } = outgoing(bounded({ messages: 1 }));
    const notUtf8 = () => new Frame.Text(Uint8Array.of(0xff));
    expect(await rejectionOf(queue.send(notUtf8()))).toBeInstanceOf(InvalidArgumentError);
    transport.hold();
    await queue.send(small("a"));
    await turn();
    const [bad, good] = [rejectionOf(queue.send(notUtf8())), queue.send(small("b"))];
    transport.release();
    expect(await bad).toBeInstanceOf(InvalidArgumentError);
    await good;
    await turn();
    expect(peer.frames).toEqual(["text a..", "text b.."]);
    expect(queue.dropped).toBe(0);
  });
});

describe("an abort", () => {
  test("before the call sends nothing, though there is room", async () => {
    const { queue, peer } = outgoing();
    const reason = new Error("before");
    expect(await rejectionOf(queue.send(small("a"), { signal: AbortSignal.abort(reason) }))).toBe(reason);
    await turn();
    expect(peer.frames).toEqual([]);
  });

  test("of a send that waits sends nothing, and the others go", async () => {
    const { queue, transport, peer } = await full();
    const controller = new AbortController();
    const { signal } = controller;
    const first = queue.send(small("b"));
    const aborted = queue.send(small("c"), { signal });
    const last = queue.send(small("d"), { signal: new AbortController().signal });
    const reason = new Error("given up");
    controller.abort(reason);
    expect(await rejectionOf(aborted)).toBe(reason);
    transport.release();
    await Promise.all([first, last]);
    await turn();
    expect(peer.frames).toEqual(["text a..", "text b..", "text d.."]);
    expect(queue.dropped).toBe(0);
  });

  test("of all that wait leaves the queue ready for more", async () => {
    const { queue, transport, peer } = await full();
    const controller = new AbortController();
    const aborted = rejectionOf(queue.send(small("b"), { signal: controller.signal }));
    controller.abort();
    await aborted;
    const next = queue.send(small("c"));
    transport.release();
    await next;
    await turn();
    expect(peer.frames).toEqual(["text a..", "text c.."]);
  });

  test("after the frame was accepted changes nothing", async () => {
    const { queue, transport, peer } = await full();
    const controller = new AbortController();
    const [sent, behind] = [queue.send(small("b"), { signal: controller.signal }), queue.send(small("c"))];
    transport.letOneWritePass();
    await sent;
    controller.abort();
    transport.release();
    await behind;
    await turn();
    expect(peer.frames).toEqual(["text a..", "text b..", "text c.."]);
  });
});

describe("trySend", () => {
  test("it sends while there is room, and says no when there is none", async () => {
    const { queue, transport, peer } = outgoing(bounded({ messages: 2 }));
    transport.hold();
    expect(["a", "b", "c"].map((name) => queue.trySend(small(name)))).toEqual([true, true, false]);
    transport.release();
    await turn();
    expect(peer.frames).toEqual(["text a..", "text b.."]);
  });

  test("it does not overtake who waits", async () => {
    const { queue, transport } = await full(bounded({ bytes: 8 }));
    const waiting = queue.send(new Frame.Text("long"));
    expect(queue.trySend(small(""))).toBe(false);
    transport.release();
    await waiting;
  });

  test("a Close frame begins the closing handshake, and nothing follows it", async () => {
    const { queue, calls } = outgoing();
    expect(queue.trySend(new Frame.Close({ code: 4000 }))).toBe(true);
    expect(queue.trySend(small("a"))).toBe(false);
    expect(calls).toEqual(["close 4000"]);
  });
});

describe("overflow with onOverflow: close", () => {
  test("the send that finds it full ends the session", async () => {
    const { queue, calls } = await full(bounded({ messages: 1, onOverflow: "close" }));
    expect(queue.trySend(small("b")), "trySend only says no").toBe(false);
    const error = await rejectionOf(queue.send(small("b")));
    expect(error).toBeInstanceOf(ChannelOverflowError);
    expect(String(error)).toContain("the outgoing channel is full (1 messages or Infinity bytes)");
    expect(calls).toEqual(["overflowed"]);
    expect(await rejectionOf(queue.send(small("c")))).toBe(error);
  });
});

describe("flush", () => {
  test("with nothing to write it resolves", async () => {
    await outgoing().queue.flush();
  });

  test("it resolves when all that was sent before was handed over, and does not wait for more", async () => {
    const { queue, transport } = outgoing();
    transport.hold();
    await queue.send(small("a"));
    await turn();
    await queue.send(small("b"));
    const flushed = queue.flush();
    await queue.send(small("c"));
    transport.letOneWritePass();
    expect(await stateOf(flushed)).toBe("pending");
    await queue.send(small("d"));
    transport.letOneWritePass();
    expect(await stateOf(flushed)).toBe("fulfilled");
    expect(transport.pendingFrames).toBe(1);
  });

  test("it waits for sends that wait", async () => {
    const { queue, transport, peer } = await full();
    void queue.send(small("b"));
    const flushed = queue.flush();
    transport.letOneWritePass();
    expect(await stateOf(flushed)).toBe("pending");
    transport.letOneWritePass();
    await flushed;
    expect(peer.frames).toEqual(["text a..", "text b.."]);
  });

  test("another's aborted or refused send is no failure of it: it waits for those that are left", async () => {
    const { queue, transport, peer } = await full();
    const controller = new AbortController();
    const kept = queue.send(small("b"));
    const refused = rejectionOf(queue.send(new Frame.Text(Uint8Array.of(0xff))));
    const aborted = rejectionOf(queue.send(small("c"), { signal: controller.signal }));
    const flushed = queue.flush();
    controller.abort();
    await aborted;
    expect(await stateOf(flushed)).toBe("pending");
    transport.release();
    await flushed;
    await kept;
    await refused;
    expect(peer.frames).toEqual(["text a..", "text b.."]);
  });

  test("it rejects with what ended the session when a frame was dropped that waited", async () => {
    const { queue } = await full();
    const error = new Error("broken");
    const waiting = rejectionOf(queue.send(small("b")));
    const flushed = rejectionOf(queue.flush());
    queue.fail(error);
    expect(await waiting).toBe(error);
    expect(await flushed).toBe(error);
    expect(await rejectionOf(queue.flush()), "and so does every later one").toBe(error);
  });

  test("it rejects with what ended the session when a frame was dropped that was accepted", async () => {
    const { queue, transport, lost } = await full();
    const flushed = rejectionOf(queue.flush());
    transport.dispose();
    expect(await flushed).toBe(lost);
  });

  test("it rejects with what ended the session when the transport drops what it had accepted", async () => {
    const { queue, transport, lost } = await full();
    let asked = 0;
    vi.spyOn(transport, "progress").mockImplementation(() =>
      ++asked < 100 ? Promise.resolve(true) : Promise.reject(new Error("it spins")),
    );
    const flushed = rejectionOf(queue.flush());
    // As when the connection is failed while a codec is busy: nothing is pending any more, and no more was written.
    vi.spyOn(transport, "pendingFrames", "get").mockReturnValue(0);
    expect(await flushed).toBe(lost);
  });

  test("what is dropped behind it does not concern it", async () => {
    const { queue, transport } = await full();
    const flushed = queue.flush();
    const dropped = rejectionOf(queue.send(small("b")));
    queue.fail(new Error("broken"));
    await dropped;
    transport.release();
    await flushed;
  });
});

describe("the end", () => {
  test("close() begins the closing handshake with 1000, once", async () => {
    const { queue, peer, calls } = outgoing();
    await queue.send(small("a"));
    expect(queue.isClosedForSend).toBe(false);
    queue.close();
    queue.close();
    expect(queue.isClosedForSend).toBe(true);
    await turn();
    expect(calls).toEqual(["close 1000"]);
    expect(peer.frames).toEqual(["text a..", "close 1000"]);
  });

  test("a Close frame that is sent is one that is closed with, however full the queue is", async () => {
    const { queue, transport, peer, calls } = await full(bounded({ messages: 1, onOverflow: "close" }));
    await queue.send(new Frame.Close({ code: 4001 }));
    expect(await rejectionOf(queue.send(small("b")))).toBeInstanceOf(ChannelClosedError);
    transport.release();
    await turn();
    expect(calls).toEqual(["close 4001"]);
    expect(peer.frames).toEqual(["text a..", "close 4001"]);
  });

  test("the Close frame goes behind the sends that wait, and needs no room", async () => {
    const { queue, transport, peer } = await full();
    const waiting = [queue.send(small("b")), queue.send(small("c"))];
    queue.finish(new Frame.Close({ code: 1000 }));
    expect(await rejectionOf(queue.send(small("d")))).toBeInstanceOf(ChannelClosedError);
    transport.letOneWritePass();
    await waiting[0];
    transport.letOneWritePass();
    await waiting[1];
    expect(transport.pendingFrames, "the last message and the Close frame").toBe(2);
    transport.release();
    await queue.flush();
    expect(peer.frames).toEqual(["text a..", "text b..", "text c..", "close 1000"]);
    expect(queue.dropped).toBe(0);
  });

  test("fail turns away all who wait, and all who come, with the first error", async () => {
    const { queue, transport } = await full();
    const error = new Error("broken");
    const signal = new AbortController().signal;
    const waiting = [rejectionOf(queue.send(small("b"))), rejectionOf(queue.send(small("c"), { signal }))];
    queue.fail(error);
    queue.fail(new Error("late"));
    expect(await Promise.all(waiting)).toEqual([error, error]);
    expect(await rejectionOf(queue.send(small("d")))).toBe(error);
    expect(queue.trySend(small("d"))).toBe(false);
    expect(queue.dropped).toBe(2);
    transport.release();
    await turn();
    expect(transport.framesWritten).toBe(1);
  });

  test("without an error it is ChannelClosedError", async () => {
    const { queue } = await full();
    const waiting = rejectionOf(queue.send(small("b")));
    queue.fail(undefined);
    expect(await waiting).toBeInstanceOf(ChannelClosedError);
  });

  test("once the transport takes nothing more, a send is turned away: one with room, and one that waits", async () => {
    const { queue, transport, peer, calls, lost } = await full();
    const waiting = rejectionOf(queue.send(small("b")));
    // The transport answers by itself, before the session has heard of it.
    peer.close(1000);
    transport.release();
    expect(await waiting).toBeInstanceOf(ChannelClosedError);
    expect(queue.dropped).toBe(1);
    expect(calls, "the waiter is the session's to turn away").toEqual([]);
    expect(await rejectionOf(queue.send(small("c"))), "what ended the session").toBe(lost);
    expect(calls).toEqual(["lost"]);
    expect(queue.dropped, "it never waited").toBe(1);
    expect(peer.frames).toEqual(["text a..", "close 1000"]);
  });

  test("on a connection that has died a send rejects with what ended the session, not before that is known", async () => {
    const ending = new Deferred<void>();
    const { queue, transport, lost } = outgoing(unlimited(), ending);
    transport.dispose();
    const refused = rejectionOf(queue.send(small("a")));
    expect(await stateOf(refused)).toBe("pending");
    queue.fail(lost);
    ending.resolve();
    expect(await refused).toBe(lost);
  });

  test("only frames of messages count as dropped", async () => {
    const { queue } = await full();
    const frames = [
      small("b"),
      new Frame.Binary(Uint8Array.of(1), { fin: false }),
      new Frame.Ping(),
      new Frame.Pong(),
    ];
    const waiting = frames.map((frame) => rejectionOf(queue.send(frame)));
    queue.finish(new Frame.Close());
    queue.fail(new Error("broken"));
    await Promise.all(waiting);
    expect(queue.dropped).toBe(2);
  });
});
