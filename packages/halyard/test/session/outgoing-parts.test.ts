// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test, vi } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelOverflowError } from "../../src/session/errors.ts";
import { Deferred } from "../../src/session/waiting.ts";
import { full, outgoing, small } from "./outgoing-support.ts";
import { parts, Source } from "./parts-support.ts";
import { rejectionOf, stateOf, turn } from "./support.ts";

/** A queue in the middle of a message in parts, of which "one" is sent. */
async function inMessage(bounds?: Parameters<typeof outgoing>[0]) {
  const opened = outgoing(bounds);
  const source = new Source();
  const sent = opened.queue.sendParts(source);
  source.give("one");
  await turn();
  expect(opened.peer.frames).toEqual(["text one ..."]);
  return { ...opened, source, sent };
}

describe("a message in parts", () => {
  test("goes fragment by fragment, as the parts come, and ends with an empty one", async () => {
    const { source, sent, peer } = await inMessage();
    source.give("two");
    await turn();
    expect(peer.frames).toEqual(["text one ...", "text two ..."]);
    expect(await stateOf(sent)).toBe("pending");
    source.end();
    await sent;
    await turn();
    expect(peer.frames).toEqual(["text one ...", "text two ...", "text "]);
    expect(source).toMatchObject({ asked: 3, stopped: 0 });
  });

  test("without parts is none", async () => {
    const { queue, peer } = outgoing();
    await queue.sendParts(parts<string>());
    await queue.send(small("a"));
    await turn();
    expect(peer.frames).toEqual(["text a.."]);
  });

  test("of empty parts is an empty one", async () => {
    const { queue, peer } = outgoing();
    await queue.sendParts(parts(new Uint8Array(0)));
    await turn();
    expect(peer.frames).toEqual(["binary 0", "binary 0"]);
  });

  test("is copied part by part when it is sent, and when it has to wait", async () => {
    const { queue, transport, peer } = await full();
    const received = vi.spyOn(peer, "received");
    const part = new TextEncoder().encode("abc");
    const source = new Source();
    const sent = queue.sendParts(source);
    source.give(part);
    await turn();
    // It waits for room; whoever made it goes on with its memory.
    part.fill(0x78);
    transport.release();
    await turn();
    source.end();
    await sent;
    await queue.flush();
    expect(peer.frames).toEqual(["text a..", "binary 3", "binary 0"]);
    expect(received.mock.calls.map(([bytes]) => Buffer.from(bytes).toString()).join("")).toContain("abc");
  });

  test("is not asked for more than there is room for", async () => {
    const { queue, transport } = outgoing(bounded({ messages: 2 }));
    transport.hold();
    const source = new Source();
    const sent = queue.sendParts(source);
    source.give("1", "2", "3", "4", "5");
    source.end();
    await turn();
    expect(source.asked, "the third waits").toBe(3);
    transport.letOneWritePass();
    await turn();
    expect(source.asked).toBeLessThanOrEqual(5);
    expect(await stateOf(sent)).toBe("pending");
    transport.release();
    await sent;
    expect(source.asked).toBe(6);
  });

  test("is refused while a fragmented binary message is in progress, also behind a ping", async () => {
    const { queue } = outgoing();
    await queue.send(new Frame.Binary(Uint8Array.of(1), { fin: false }));
    await queue.send(new Frame.Ping());
    expect(await rejectionOf(queue.sendParts(parts("x")))).toBeInstanceOf(InvalidArgumentError);
    await queue.send(new Frame.Binary(Uint8Array.of(2)));
    await queue.sendParts(parts("y"));
  });

  test("is refused while a fragmented message of frames is in progress, which goes on", async () => {
    const { queue, peer } = outgoing();
    await queue.send(new Frame.Text("a", { fin: false }));
    expect(await rejectionOf(queue.sendParts(parts("x")))).toBeInstanceOf(InvalidArgumentError);
    await queue.send(new Frame.Text("b"));
    await queue.sendParts(parts("y"));
    await turn();
    expect(peer.frames).toEqual(["text a ...", "text b", "text y ...", "text "]);
    expect(queue.dropped).toBe(0);
  });
});

describe("until its end", () => {
  test("all other messages wait, in order, and trySend says no (LC-07)", async () => {
    const { queue, source, sent, peer } = await inMessage();
    const sends = [
      queue.send(small("a")),
      queue.sendParts(parts("b", "c")),
      queue.send(new Frame.Binary(new Uint8Array(1))),
      queue.sendParts(parts<string>()),
      queue.send(small("d")),
    ];
    expect(queue.trySend(small("e"))).toBe(false);
    expect(await stateOf(Promise.race(sends))).toBe("pending");
    source.give("two");
    source.end();
    await Promise.all([sent, ...sends]);
    await turn();
    const expected = [
      "text one ...",
      "text two ...",
      "text ",
      "text a..",
      "text b ...",
      "text c ...",
      "text ",
    ];
    expect(peer.frames).toEqual([...expected, "binary 1", "text d.."]);
    expect(queue.trySend(small("f"))).toBe(true);
  });

  test("pings and pongs pass, past who waits", async () => {
    const { queue, source, sent, peer } = await inMessage();
    const waiting = queue.send(small("a"));
    await queue.send(new Frame.Ping());
    expect(queue.trySend(new Frame.Pong(new Uint8Array(1)))).toBe(true);
    source.end();
    await Promise.all([sent, waiting]);
    await turn();
    expect(peer.frames).toEqual(["text one ...", "ping 0", "pong 1", "text ", "text a.."]);
  });

  test("those that find no room do not wait for it, but for room, in order", async () => {
    const { queue, transport, source, sent, peer } = await inMessage(bounded({ messages: 1 }));
    transport.hold();
    source.give("two");
    await turn();
    const waiting = queue.send(small("a"));
    const pings = [1, 2, 3].map((size) => queue.send(new Frame.Pong(new Uint8Array(size))));
    expect(queue.trySend(new Frame.Ping())).toBe(false);
    expect(await stateOf(Promise.race(pings))).toBe("pending");
    transport.release();
    await Promise.all(pings);
    await turn();
    expect(peer.frames).toEqual(["text one ...", "text two ...", "pong 1", "pong 2", "pong 3"]);
    expect(await stateOf(waiting)).toBe("pending");
    queue.fail(new Error("over"));
    await Promise.all([rejectionOf(waiting), rejectionOf(sent)]);
  });

  test("a small pong does not overtake a large one that waits for room", async () => {
    const { queue, transport, source, sent, peer } = await inMessage(bounded({ bytes: 20 }));
    transport.hold();
    source.give("0123456789");
    await turn();
    const pongs = [15, 1].map((size) => queue.send(new Frame.Pong(new Uint8Array(size))));
    expect(queue.trySend(new Frame.Ping())).toBe(false);
    expect(await stateOf(Promise.race(pongs))).toBe("pending");
    transport.release();
    await Promise.all(pongs);
    source.end();
    await sent;
    await turn();
    expect(peer.frames.slice(2)).toEqual(["pong 15", "pong 1", "text "]);
  });

  test("an aborted wait for the line sends nothing, and asks the source for nothing", async () => {
    const { queue, source, sent, peer } = await inMessage();
    const controller = new AbortController();
    const other = new Source();
    const aborted = rejectionOf(queue.sendParts(other, { signal: controller.signal }));
    const behind = queue.send(small("a"));
    controller.abort("enough");
    expect(await aborted).toBe("enough");
    expect(other).toMatchObject({ asked: 0, stopped: 0 });
    source.end();
    await Promise.all([sent, behind]);
    await turn();
    expect(peer.frames).toEqual(["text one ...", "text ", "text a.."]);
    expect(queue.dropped).toBe(0);
  });

  test("an abort in the very moment in which it gets the line is not missed", async () => {
    const { queue, source, sent } = await inMessage();
    const controller = new AbortController();
    const other = new Source();
    const next = queue.sendParts(other, { signal: controller.signal });
    source.end();
    // Whoever was turned away or served in that moment learns of it some microtasks later.
    for (const _ of Array(20)) void Promise.resolve().then(() => undefined);
    await sent;
    controller.abort("enough");
    expect(await rejectionOf(next)).toBe("enough");
    await queue.send(small("a"));
  });

  test("flush waits for its end, and not for what was sent later", async () => {
    const { queue, source, sent } = await inMessage();
    const waiting = queue.send(small("a"));
    const flushed = queue.flush();
    const endless = queue.sendParts(new Source());
    expect(await stateOf(flushed)).toBe("pending");
    source.end();
    await Promise.all([sent, waiting, flushed]);
    expect(await stateOf(endless)).toBe("pending");
    queue.fail(new Error("over"));
    await rejectionOf(endless);
  });

  test("flush waits for one that waits for the line, too", async () => {
    const { queue, source, sent, peer } = await inMessage();
    const second = new Source();
    const sending = queue.sendParts(second);
    const flushed = queue.flush();
    source.end();
    await sent;
    second.give("a");
    expect(await stateOf(flushed)).toBe("pending");
    second.end();
    await Promise.all([sending, flushed]);
    expect(peer.frames.at(-1)).toBe("text ");
  });

  test("flush rejects when it was cut off", async () => {
    const { queue, source, sent } = await inMessage();
    const flushed = rejectionOf(queue.flush());
    const error = new Error("no more parts");
    source.fail(error);
    expect(await rejectionOf(sent)).toBe(error);
    expect(await flushed).toBe(error);
  });

  test("the Close frame goes behind it, and behind who waits", async () => {
    const { queue, source, sent, peer } = await inMessage();
    const waiting = queue.send(small("a"));
    queue.close();
    await rejectionOf(queue.sendParts(parts("late")));
    await turn();
    expect(peer.frames).toEqual(["text one ..."]);
    source.end();
    await Promise.all([sent, waiting]);
    await turn();
    expect(peer.frames).toEqual(["text one ...", "text ", "text a..", "close 1000"]);
  });
});

describe("with onOverflow: close", () => {
  const bounds = bounded({ messages: 2, bytes: 20, onOverflow: "close" });

  test("who waits for the line counts as queued, up to the bound", async () => {
    const { queue, source, sent, calls } = await inMessage(bounds);
    const waiting = [queue.send(small("a")), queue.sendParts(parts("b"))];
    expect(calls).toEqual([]);
    source.end();
    await Promise.all([sent, ...waiting]);
    expect(calls).toEqual([]);
  });

  test("one of any size may wait for the line, as it may enter an empty queue", async () => {
    const { queue, source, sent, calls } = await inMessage(bounds);
    const waiting = queue.send(new Frame.Text("x".repeat(30)));
    source.end();
    await Promise.all([sent, waiting]);
    expect(calls).toEqual([]);
  });

  test("as many bytes as the bound may wait for the line", async () => {
    const { queue, source, sent, calls } = await inMessage(bounds);
    const waiting = ["x", "y"].map((each) => queue.send(new Frame.Text(each.repeat(10))));
    source.end();
    await Promise.all([sent, ...waiting]);
    expect(calls).toEqual([]);
  });

  test.each([
    ["one message past it", [small("a"), small("b"), small("c")]],
    ["one byte past it", [new Frame.Text("x".repeat(20)), new Frame.Text("y")]],
  ])("%s ends the session", async (_, frames) => {
    const { queue, sent, calls } = await inMessage(bounds);
    const sends = frames.map((frame) => rejectionOf(queue.send(frame)));
    expect(await sends.at(-1)).toBeInstanceOf(ChannelOverflowError);
    expect(calls).toContain("overflowed");
    await Promise.all([...sends, rejectionOf(sent)]);
  });

  test("a message in parts that is one too many ends it, too", async () => {
    const { queue, sent, calls } = await inMessage(bounds);
    const sends = [1, 2, 3].map(() => rejectionOf(queue.sendParts(parts("x"))));
    expect(await sends[2]).toBeInstanceOf(ChannelOverflowError);
    expect(calls).toContain("overflowed");
    await Promise.all([...sends, rejectionOf(sent)]);
  });

  test("when the line passes from one to the next, nothing is full", async () => {
    const { queue, source, sent, calls, transport } = await inMessage(bounds);
    const first = queue.send(small("a"));
    // The next one is served when the transport says that it goes on.
    const progress = new Deferred<boolean>();
    const original = transport.progress.bind(transport);
    transport.progress = () => progress.promise;
    source.end();
    await sent;
    const second = queue.send(small("b"));
    transport.progress = original;
    progress.resolve(true);
    await Promise.all([first, second]);
    expect(calls).toEqual([]);
  });
});

describe("the end", () => {
  test("counts the message once, with what waits behind it", async () => {
    const { queue, source, sent } = await inMessage();
    const error = new Error("broken");
    const waiting = [queue.send(small("a")), queue.sendParts(new Source()), queue.send(new Frame.Ping())];
    queue.fail(error);
    queue.fail(new Error("late"));
    expect(await rejectionOf(sent)).toBe(error);
    expect(await rejectionOf(waiting[0] as Promise<void>)).toBe(error);
    expect(await rejectionOf(waiting[1] as Promise<void>)).toBe(error);
    await waiting[2];
    expect(queue.dropped).toBe(3);
    expect(source.stopped).toBe(1);
  });

  test("is found by a fragment that the transport does not take any more", async () => {
    const { source, sent, transport, lost, calls } = await inMessage();
    transport.dispose();
    source.give("two");
    expect(await rejectionOf(sent)).toBe(lost);
    expect(calls).toEqual(["lost", "unfinished"]);
    expect(source.stopped).toBe(1);
  });

  test("while its last fragment waits for room is not told to the source, which has ended by itself", async () => {
    const { queue, source, sent, transport } = await inMessage(bounded({ messages: 1 }));
    transport.hold();
    source.give("two");
    source.end();
    await turn();
    const error = new Error("broken");
    queue.fail(error);
    expect(await rejectionOf(sent)).toBe(error);
    expect(source).toMatchObject({ asked: 3, stopped: 0 });
  });

  test("nothing can be sent after a message that was cut off: it would be taken for the rest of it", async () => {
    const { queue, source, sent, peer } = await inMessage();
    const error = new Error("no more parts");
    source.fail(error);
    expect(await rejectionOf(sent)).toBe(error);
    expect(await rejectionOf(queue.send(small("a")))).toBe(error);
    expect(queue.trySend(small("a"))).toBe(false);
    await turn();
    expect(peer.frames).toEqual(["text one ..."]);
    expect(queue.dropped).toBe(1);
  });
});
