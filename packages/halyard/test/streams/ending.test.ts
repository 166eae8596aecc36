// SPDX-License-Identifier: Apache-2.0
// How a session that is read as streams ends: every call and every stream learns of it.
import { afterEach, describe, expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelClosedError } from "../../src/session/errors.ts";
import { receiveStream, type TextMessageStream } from "../../src/streams/index.ts";
import type { Role } from "../session/pipe-transport.ts";
import {
  checkAllSettled,
  drain,
  type OpenOptions,
  open,
  rejectionOf,
  stateOf,
  turn,
} from "../session/support.ts";
import { binary, read, readNext, text } from "./support.ts";

afterEach(checkAllSettled);

/** More than is taken ahead of a reader. */
const large = 400_000;

/** A session in the middle of a message, of which "one" has come. */
async function inMessage(options: OpenOptions = {}) {
  const opened = open(options);
  const receiving = receiveStream(opened.session);
  opened.peer.send(new Frame.Text("one", { fin: false }));
  return { ...opened, stream: await receiving };
}

describe.each<Role>(["client", "server"])("between messages, to a %s,", (role) => {
  test("a clean close rejects who waits, and who comes later", async () => {
    const { session, peer } = open({ role });
    const calls = [1, 2].map(() => rejectionOf(receiveStream(session)));
    peer.close(1000);
    peer.end();
    for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(ChannelClosedError);
    expect(await rejectionOf(receiveStream(session))).toBeInstanceOf(ChannelClosedError);
    expect(await session.ended).toMatchObject({ clean: true, error: undefined });
  });

  test.each([
    ["the end of the connection", (peer) => peer.end(), "ConnectionError"],
    ["a reset", (peer) => peer.reset(new RangeError("reset")), "RangeError"],
    ["a fault", (peer) => peer.deliver(0x83, 0x00), "ProtocolViolationError"],
  ] as [string, (peer: ReturnType<typeof open>["peer"]) => void, string][])(
    "%s rejects both with what happened",
    async (_, end, name) => {
      const { session, peer } = open({ role });
      const waiting = rejectionOf(receiveStream(session));
      end(peer);
      peer.end();
      const error = await waiting;
      expect(error).toMatchObject({ name });
      expect(await rejectionOf(receiveStream(session))).toBe(error);
      await session.ended;
    },
  );
});

describe("inside a message", () => {
  test("the peer's close makes the stream throw, behind what has come", async () => {
    const { session, peer, stream } = await inMessage();
    peer.close(1000);
    peer.end();
    expect(await rejectionOf((stream as TextMessageStream).text())).toMatchObject({
      name: "ChannelClosedError",
      message: expect.stringContaining("before the message had been received to its end"),
    });
    expect(await session.ended).toMatchObject({ clean: true, error: undefined });
  });

  test("the end of the connection does", async () => {
    const { session, peer, stream } = await inMessage();
    peer.end();
    expect(await read(stream)).toEqual(["one", "ConnectionError"]);
    await session.ended;
  });

  test("cancel() does, with its cause", async () => {
    const { session, stream } = await inMessage();
    const waiting = rejectionOf(receiveStream(session));
    const done = read(stream);
    await turn();
    session.cancel(new RangeError("enough"));
    expect(await done).toEqual(["one", "RangeError"]);
    expect(await waiting).toBeInstanceOf(RangeError);
  });

  test("that goes to incoming, nothing of it is seen", async () => {
    const { session, peer, stream } = await inMessage();
    stream.cancel();
    const frame = rejectionOf(session.incoming.receive());
    peer.send(new Frame.Text(""), new Frame.Text("two", { fin: false }));
    peer.close(1000);
    peer.end();
    expect(await frame).toBeInstanceOf(ChannelClosedError);
    expect(await session.ended).toMatchObject({ clean: true });
  });
});

describe("our close()", () => {
  test("lets a stream be read to its end, as long as the peer sends", async () => {
    const { session, peer, stream } = await inMessage();
    const done = read(stream);
    const closed = session.close();
    await turn();
    peer.send(new Frame.Text("two"));
    peer.close(1000);
    peer.end();
    expect(await done).toEqual(["one", "two", "end"]);
    expect(await closed).toMatchObject({ clean: true, discarded: 0 });
  });

  test("does not wait for a stream that nobody reads, which then throws", async () => {
    const { session, peer, stream } = await inMessage({ answersClose: true });
    for (let sent = 0; sent < 5; sent++) peer.send(new Frame.Text("x".repeat(large), { fin: false }));
    await turn();
    const closed = session.close();
    expect(await closed).toMatchObject({ clean: true });
    const chunks = await read(stream);
    expect(chunks[0]).toBe("one");
    expect(chunks.at(-1)).toBe("ChannelClosedError");
    expect(chunks.join("").length, "no more is kept than is taken ahead").toBeLessThan(2 * large);
  });

  test("does not wait for who would take the next message: it is kept up to the bound of incoming", async () => {
    const { session, peer, stream } = await inMessage({ incoming: bounded({ messages: 2 }) });
    peer.send(new Frame.Text(""), ...text("a"));
    peer.send(...text("b", "b"));
    peer.send(...text("c"));
    peer.send(...binary(large));
    expect(await read(stream)).toEqual(["one", "end"]);
    const closed = session.close();
    await turn();
    peer.close(1000);
    peer.end();
    expect(await closed).toMatchObject({ clean: true, error: undefined, discarded: 2 });
    expect(await readNext(session)).toEqual(["a", "end"]);
    expect(await drain(session)).toEqual(["text bb", "end"]);
  });

  test("drops a message that is too large for incoming, and nobody would read as a stream", async () => {
    const limits = { maxFrameSize: 10, maxMessageSize: 10, maxFragments: 3 };
    const { session, peer, stream } = await inMessage({ limits });
    const closed = session.close();
    peer.send(new Frame.Text(""), ...binary(5, 5, 1, 20), ...text("a"));
    peer.close(1000);
    peer.end();
    expect(await closed).toMatchObject({ clean: true, error: undefined, discarded: 1 });
    expect(await read(stream)).toEqual(["one", "end"]);
    expect(await readNext(session)).toEqual(["a", "end"]);
  });

  test("before the first call of receiveStream is no different", async () => {
    const { session, peer } = open();
    const closed = session.close();
    const next = readNext(session);
    peer.send(...text("a", "b"));
    // More reads than are taken ahead: nobody asks for these, and the Close frame lies behind.
    for (const name of ["c", "d", "e", "f", "g"]) peer.send(...text(name));
    expect(await next).toEqual(["a", "b", "end"]);
    await turn();
    peer.close(1000);
    peer.end();
    expect(await closed).toMatchObject({ clean: true, discarded: 0 });
    expect(await readNext(session)).toEqual(["c", "end"]);
    expect(await drain(session)).toEqual(["text d", "text e", "text f", "text g", "end"]);
  });

  test("ends all within its timeout, though the peer sends a message without end", async () => {
    const { session, peer, clock, stream } = await inMessage({ closeTimeout: 1_000 });
    const done = read(stream);
    const closed = session.close();
    for (let sent = 0; sent < 5; sent++) {
      peer.send(new Frame.Text("x", { fin: false }));
      await clock.advance(200);
    }
    expect(await closed).toMatchObject({ clean: false, error: { name: "TimeoutError" } });
    expect((await done).at(-1)).toBe("TimeoutError");
  });
});

test("the peer's Close frame is told, though nobody reads what came in one read before it", async () => {
  // The first call comes when the end is in sight already: at any point of the way to it.
  for (let ticks = 0; ticks < 12; ticks++) {
    const { session, peer } = open({ incoming: bounded({ messages: 1 }) });
    peer.texts("one", "two");
    await turn();
    peer.deliverBehind(["three", "four"], [0x88, 2, 0x03, 0xe8]);
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    const first = readNext(session);
    expect(await stateOf(session.closeReason), `after ${ticks}`).toBe("fulfilled");
    peer.end();
    expect(await session.ended).toMatchObject({ clean: true, discarded: 0 });
    expect(await first).toEqual(["one", "end"]);
    expect(await readNext(session)).toEqual(["two", "end"]);
    expect(await drain(session)).toEqual(["text three", "text four", "end"]);
  }
});

test("the same with a call before", async () => {
  const { session, peer } = open();
  const first = readNext(session);
  peer.deliverBehind(["one", "two", "three"], [0x88, 2, 0x03, 0xe8]);
  peer.end();
  expect(await session.ended).toMatchObject({ clean: true, discarded: 0 });
  expect(await first).toEqual(["one", "end"]);
  expect(await drain(session)).toEqual(["text two", "text three", "end"]);
});

test("a first call after the end finds what is left", async () => {
  const { session, peer } = open();
  peer.send(...text("a", "b"));
  peer.close(1000);
  peer.end();
  await session.ended;
  expect(await readNext(session)).toEqual(["ab", "end"]);
  expect(await rejectionOf(receiveStream(session))).toBeInstanceOf(ChannelClosedError);
});
