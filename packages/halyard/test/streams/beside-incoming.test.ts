// SPDX-License-Identifier: Apache-2.0
// Once messages are read as streams, demand decides where each one goes.
import { afterEach, describe, expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelClosedError } from "../../src/session/errors.ts";
import { receiveStream } from "../../src/streams/index.ts";
import { show } from "../session/pipe-transport.ts";
import { checkAllSettled, type OpenOptions, open, rejectionOf, stateOf, turn } from "../session/support.ts";
import { binary, read, readNext, text } from "./support.ts";

afterEach(checkAllSettled);

const limits = { maxFrameSize: 10, maxMessageSize: 10, maxFragments: 3 };

/** A session that has received a stream already. */
async function streaming(options: OpenOptions = {}) {
  const opened = open(options);
  const first = readNext(opened.session);
  opened.peer.send(...text("first"));
  expect(await first).toEqual(["first", "end"]);
  return opened;
}

describe("a message goes whole to incoming,", () => {
  test("to a receive() that waits", async () => {
    const { session, peer } = await streaming();
    const frame = session.incoming.receive();
    peer.send(new Frame.Text("a", { fin: false }));
    expect(await stateOf(frame)).toBe("pending");
    peer.send(new Frame.Text("ä", { fin: false }), new Frame.Text(""), ...binary(0), ...binary(1, 2));
    expect((await frame).type === "text" && ((await frame) as Frame.Text).readText()).toBe("aä");
    expect(show(await session.incoming.receive())).toBe("binary 0");
    expect(show(await session.incoming.receive())).toBe("binary 3");
    session.cancel();
  });

  test("to a loop, message by message", async () => {
    const { session, peer } = await streaming();
    peer.send(...text("a"), ...text("b", "c"), ...binary(0, 3));
    peer.close(1000);
    peer.end();
    const seen: string[] = [];
    for await (const frame of session.incoming) seen.push(show(frame));
    expect(seen).toEqual(["text a", "text bc", "binary 3"]);
  });

  test("to a loop over batches", async () => {
    const { session, peer } = await streaming();
    peer.send(...text("a"), ...text("b"));
    peer.close(1000);
    peer.end();
    const seen: string[] = [];
    for await (const batch of session.incoming.batches()) seen.push(...batch.map(show));
    expect(seen).toEqual(["text a", "text b"]);
  });

  test("and can be sent back as it is", async () => {
    const { session, peer } = await streaming();
    const frame = session.incoming.receive();
    peer.send(...text("ä", "b"));
    await session.send(await frame);
    await turn();
    expect(peer.frames).toEqual(["text äb"]);
    session.cancel();
  });
});

test("who waits decides, message by message", async () => {
  const { session, peer } = await streaming();
  peer.send(...text("a"), ...text("b"), ...text("c"), ...text("d"));
  expect(show(await session.incoming.receive())).toBe("text a");
  expect(await readNext(session)).toEqual(["b", "end"]);
  expect(await readNext(session)).toEqual(["c", "end"]);
  expect(show(await session.incoming.receive())).toBe("text d");
  session.cancel();
});

test("of both that wait the stream is served", async () => {
  const { session, peer } = await streaming();
  const frame = session.incoming.receive();
  const stream = readNext(session);
  peer.send(...text("a"), ...text("b"));
  expect(await stream).toEqual(["a", "end"]);
  expect(show(await frame)).toBe("text b");
  session.cancel();
});

test("where nobody waits nothing is received ahead, and tryReceive() finds nothing", async () => {
  const { session, peer, transport } = await streaming();
  for (let sent = 0; sent < 9; sent++) peer.send(...binary(1_000));
  await turn();
  expect(session.incoming.tryReceive()).toBeUndefined();
  expect(transport.bytesReceived).toBeLessThan(4_000);
  expect(await readNext(session)).toEqual(["1000 bytes", "end"]);
  session.cancel();
});

/** A session whose message "a..." has begun for a receive() that was aborted then. */
async function abandoned() {
  const opened = await streaming();
  const controller = new AbortController();
  const aborted = rejectionOf(opened.session.incoming.receive({ signal: controller.signal }));
  opened.peer.send(new Frame.Text("a", { fin: false }));
  await turn();
  controller.abort();
  await aborted;
  return opened;
}

test("a receive() that is aborted when the message has begun leaves it to the next stream", async () => {
  const { session, peer } = await abandoned();
  const next = readNext(session);
  peer.send(new Frame.Text("b"));
  expect(await next).toEqual(["ab", "end"]);
  session.cancel();
});

test("and, where there is none, to the channel", async () => {
  const { session, peer } = await abandoned();
  peer.send(new Frame.Text("b"), ...text("c"));
  await turn();
  expect(session.incoming.tryReceive()?.data).toHaveLength(2);
  expect(session.incoming.tryReceive()).toBeUndefined();
  expect(await readNext(session)).toEqual(["c", "end"]);
  session.cancel();
});

describe("maxMessageSize of the session", () => {
  test.each([
    ["in one frame", binary(11)],
    ["in fragments", binary(5, 5, 1)],
    ["in text", text("aaaaaaaaa", "ä")],
  ])("holds for incoming, and not for a stream: %s", async (_, frames) => {
    const { session, peer } = await streaming({ limits, answersClose: true });
    peer.send(...frames);
    expect((await readNext(session)).at(-1)).toBe("end");
    const frame = rejectionOf(session.incoming.receive());
    peer.send(...frames);
    const error = await frame;
    expect(error).toMatchObject({ name: "FrameTooBigError", phase: "open", url: "ws://example.org/" });
    const end = await session.ended;
    expect(end).toMatchObject({ error, sent: { code: 1009 } });
    expect(end.clean, "the frames were in order, and the peer has answered").toBe(true);
  });

  test("ends the session when the peer has seen why", async () => {
    const { session, peer } = await streaming({ limits });
    const frame = rejectionOf(session.incoming.receive());
    peer.send(...binary(11));
    await frame;
    expect(await stateOf(session.ended)).toBe("pending");
    peer.close(1009);
    peer.end();
    expect((await session.ended).clean).toBe(true);
  });

  test("may be reached", async () => {
    const { session, peer } = await streaming({ limits });
    const frame = session.incoming.receive();
    peer.send(...binary(1, 2, 3, 4));
    expect((await frame).data).toHaveLength(10);
    session.cancel();
  });
});

describe("incoming.cancel()", () => {
  test("lets the connection go on, where a message waits for somebody", async () => {
    const { session, peer } = await streaming();
    peer.send(...text("a"));
    peer.send(...text("b"));
    peer.send(...text("c"));
    peer.close(1000);
    await turn();
    expect(await stateOf(session.closeReason)).toBe("pending");
    session.incoming.cancel();
    peer.end();
    expect(await session.ended).toMatchObject({ clean: true, discarded: 3 });
  });

  test("drops what is being joined", async () => {
    const { session, peer } = await streaming();
    const frame = rejectionOf(session.incoming.receive());
    peer.send(new Frame.Text("a", { fin: false }));
    await turn();
    session.incoming.cancel();
    expect(await frame).toBeInstanceOf(ChannelClosedError);
    peer.send(new Frame.Text("b"));
    peer.close(1000);
    peer.end();
    expect(await session.ended).toMatchObject({ clean: true, discarded: 1 });
  });

  test("serves who waits for a stream, and turns away who comes", async () => {
    const { session, peer } = await streaming();
    const waiting = readNext(session);
    session.incoming.cancel();
    peer.send(...text("a"), ...text("b"));
    expect(await waiting).toEqual(["a", "end"]);
    expect(await rejectionOf(receiveStream(session))).toBeInstanceOf(ChannelClosedError);
    session.cancel();
  });
});

test("a first call while incoming is full gets the oldest, and the others behind it", async () => {
  const { session, peer } = open({ incoming: bounded({ messages: 2 }) });
  peer.send(...text("a"), ...text("b"), ...text("c"), ...text("d"));
  await turn();
  for (const name of ["a", "b", "c", "d"]) expect(await readNext(session)).toEqual([name, "end"]);
  session.cancel();
});

test("a stream is read while incoming waits for the message behind it", async () => {
  const { session, peer } = await streaming();
  const stream = receiveStream(session);
  const frame = session.incoming.receive();
  peer.send(...text("a", "b"), ...text("c", "d"));
  expect(show(await frame)).toBe("text cd");
  expect(await read(await stream)).toEqual(["a", "b", "end"]);
  session.cancel();
});
