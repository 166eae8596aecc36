// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { ChannelClosedError } from "../../src/session/errors.ts";
import { receiveStream } from "../../src/streams/index.ts";
import type { Role } from "../session/pipe-transport.ts";
import { checkAllSettled, open, openRaw, rejectionOf, stateOf, turn } from "../session/support.ts";
import { binary, read, reading, readNext, text } from "./support.ts";

afterEach(async () => {
  for (const session of sessions.splice(0)) session.cancel();
  await checkAllSettled();
});

const sessions: ReturnType<typeof open>["session"][] = [];
function opened(options: Parameters<typeof open>[0] = {}) {
  const parts = open(options);
  sessions.push(parts.session);
  return parts;
}

/** A frame of a server, unmasked, without its last bytes. */
function frame(first: number, payload: Uint8Array): number[] {
  return [first, payload.length, ...payload];
}
const utf8 = (content: string) => new TextEncoder().encode(content);

describe.each<Role>(["client", "server"])("to a %s", (role) => {
  test("a message comes fragment by fragment", async () => {
    const { session, peer } = opened({ role });
    const seen: string[] = [];
    const stream = receiveStream(session);
    peer.send(new Frame.Text("one", { fin: false }));
    expect((await stream).type).toBe("text");
    const done = reading(await stream, seen);
    await turn();
    expect(seen).toEqual(["one"]);
    peer.send(new Frame.Text("two", { fin: false }));
    await turn();
    expect(seen).toEqual(["one", "two"]);
    peer.send(new Frame.Text(""));
    expect(await done).toEqual(["one", "two", "end"]);
  });

  test("several messages come in one read, one after the other", async () => {
    const { session, peer } = opened({ role });
    peer.send(...text("a", "b"), ...binary(3), ...binary(0, 1, 0, 2), ...text(""), ...text("c"));
    expect(await readNext(session)).toEqual(["ab", "end"]);
    expect(await readNext(session)).toEqual(["3 bytes", "end"]);
    expect(await readNext(session)).toEqual(["3 bytes", "end"]);
    expect(await readNext(session)).toEqual(["end"]);
    expect(await readNext(session)).toEqual(["c", "end"]);
  });

  test("an empty message, or fragment, makes no chunk", async () => {
    const { session, peer } = opened({ role });
    const calls = [1, 2, 3].map(() => readNext(session));
    peer.send(...binary(0), ...binary(0, 1, 0));
    peer.send(...text("", ""));
    expect(await Promise.all(calls)).toEqual([["end"], ["1 bytes", "end"], ["end"]]);
  });
});

describe("within a frame", () => {
  test("bytes come as they arrive", async () => {
    const { session, peer } = opened();
    const seen: string[] = [];
    const stream = receiveStream(session);
    const bytes = frame(0x82, new Uint8Array(10));
    peer.deliver(...bytes.slice(0, 1));
    peer.deliver(...bytes.slice(1, 5));
    const done = reading(await stream, seen);
    await turn();
    expect(seen).toEqual(["3 bytes"]);
    peer.deliver(...bytes.slice(5, 6));
    await turn();
    expect(seen).toEqual(["3 bytes", "1 bytes"]);
    peer.deliver(...bytes.slice(6));
    expect(await done).toEqual(["3 bytes", "1 bytes", "6 bytes", "end"]);
  });

  test("a character is never cut, and a byte order mark stays", async () => {
    const { session, peer } = opened();
    const content = "\ufeffä€😀\ufeff.";
    const stream = receiveStream(session);
    for (const byte of frame(0x81, utf8(content))) peer.deliver(byte);
    expect(await read(await stream)).toEqual([...Array.from(content), "end"]);
  });

  test("nor is it by fragments", async () => {
    const { session, peer } = opened();
    const bytes = utf8("a😀b");
    const stream = receiveStream(session);
    peer.deliver(...frame(0x01, bytes.subarray(0, 3)), ...frame(0x00, bytes.subarray(3, 4)), 0x00, 0);
    peer.deliver(...frame(0x80, bytes.subarray(4)));
    expect(await read(await stream)).toEqual(["a", "😀b", "end"]);
  });

  test("what is not UTF-8 fails with 1007, behind what came before", async () => {
    const { session, peer } = opened();
    const stream = receiveStream(session);
    peer.deliver(...frame(0x01, utf8("good")));
    peer.deliver(...frame(0x80, Uint8Array.of(0x61, 0xff)));
    expect(await read(await stream)).toEqual(["good", "ProtocolViolationError"]);
    expect((await session.closeReason).code).toBe(1007);
  });

  test("a message that ends inside a character fails with 1007", async () => {
    const { session, peer } = opened();
    const stream = receiveStream(session);
    peer.deliver(...frame(0x01, utf8("good")), ...frame(0x00, Uint8Array.of(0xf0, 0x9f)), 0x80, 0);
    expect(await read(await stream)).toEqual(["good", "ProtocolViolationError"]);
    expect((await session.closeReason).code).toBe(1007);
  });

  test("pings are answered between the pieces", async () => {
    const { session, peer } = opened();
    const stream = receiveStream(session);
    peer.send(new Frame.Text("one", { fin: false }));
    const done = read(await stream);
    await turn();
    peer.send(new Frame.Ping(Uint8Array.of(1)), new Frame.Text("two"));
    expect(await done).toEqual(["one", "two", "end"]);
    expect(peer.frames).toEqual(["pong 1"]);
  });
});

describe("a call that comes late", () => {
  test("gets the message of which parts were assembled already", async () => {
    const { session, peer } = opened();
    peer.deliver(...frame(0x01, utf8("one ")), 0x00, 9, ...utf8("two"));
    await turn();
    const stream = receiveStream(session);
    peer.deliver(...utf8(" three"));
    peer.deliver(0x80, 0);
    expect(await read(await stream)).toEqual(["one two three", "end"]);
  });

  test("gets what lies in incoming first, in its order", async () => {
    const { session, peer } = opened();
    peer.send(...text("one"), ...binary(2, 3), ...text("th", "ree"), new Frame.Text("fo", { fin: false }));
    await turn();
    expect((await session.incoming.receive()).type).toBe("text");
    expect(await readNext(session)).toEqual(["5 bytes", "end"]);
    expect(await readNext(session)).toEqual(["three", "end"]);
    peer.send(new Frame.Text("ur"));
    expect(await readNext(session)).toEqual(["four", "end"]);
  });
});

describe("all of a message at once", () => {
  test("is text() or bytes()", async () => {
    const { session, peer } = opened();
    peer.send(...text("a", "", "bä"), ...binary(3, 4), ...text(""), ...binary(0));
    for (const expected of ["abä", new Uint8Array(7), "", new Uint8Array(0)]) {
      const stream = await receiveStream(session);
      expect(stream.type === "text" ? await stream.text() : await stream.bytes()).toEqual(expected);
    }
  });

  test("is what is left of it", async () => {
    const { session, peer } = opened();
    const receiving = receiveStream(session, { maxChunkSize: 2 });
    peer.send(...text("abcdef"));
    const stream = await receiving;
    const iterator = stream[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toBe("ab");
    expect(stream.type === "text" && (await stream.text())).toBe("cdef");
  });

  test("is nothing to be had twice", async () => {
    const { session, peer } = opened();
    peer.send(...text("a"));
    const stream = await receiveStream(session);
    expect(await read(stream)).toEqual(["a", "end"]);
    expect(await read(stream)).toEqual(["ChannelClosedError"]);
  });
});

describe("chunks", () => {
  test.each([
    [3, ["3 bytes", "3 bytes", "1 bytes"]],
    [6, ["6 bytes", "1 bytes"]],
    [7, ["7 bytes"]],
    [8, ["7 bytes"]],
    [Infinity, ["7 bytes"]],
  ])("are at most maxChunkSize large: %d", async (maxChunkSize, chunks) => {
    const { session, peer } = opened();
    peer.send(...binary(7));
    expect(await readNext(session, { maxChunkSize })).toEqual([...chunks, "end"]);
  });

  test("of text end between characters, whatever maxChunkSize is", async () => {
    const { session, peer } = opened();
    peer.send(...text("aä€😀"), ...text("aä€😀"));
    expect(await readNext(session, { maxChunkSize: 1 })).toEqual(["a", "ä", "€", "😀", "end"]);
    expect(await readNext(session, { maxChunkSize: 4 })).toEqual(["aä", "€", "😀", "end"]);
  });

  test("are 65,536 bytes large without it", async () => {
    const { session, peer } = opened();
    peer.send(...binary(65_537));
    expect(await readNext(session)).toEqual(["65536 bytes", "1 bytes", "end"]);
  });

  test("are the reader's own: each can be transferred away", async () => {
    const { session, peer } = opened();
    const payload = Uint8Array.from({ length: 10 }, (_, at) => at);
    peer.send(new Frame.Binary(payload), new Frame.Binary(payload));
    for (const maxChunkSize of [4, 100]) {
      const seen: number[] = [];
      for await (const chunk of await receiveStream(session, { maxChunkSize })) {
        seen.push(...(chunk as Uint8Array));
        structuredClone(chunk, { transfer: [(chunk as Uint8Array).buffer as ArrayBuffer] });
      }
      expect(seen).toEqual([...payload]);
    }
  });
});

describe("maxMessageSize", () => {
  test("may be reached", async () => {
    const { session, peer } = opened();
    peer.send(...binary(4, 6), ...text("äöü"));
    expect(await readNext(session, { maxMessageSize: 10 })).toEqual(["10 bytes", "end"]);
    expect(await readNext(session, { maxMessageSize: 6 })).toEqual(["äöü", "end"]);
  });

  test.each([
    ["in one frame", binary(11), ["FrameTooBigError"]],
    ["in the last fragment", binary(10, 1), ["10 bytes", "FrameTooBigError"]],
    ["in text", text("äöüäö", "x"), ["äöüäö", "FrameTooBigError"]],
  ])("ends the session with 1009 when it is passed by one: %s", async (_, frames, expected) => {
    const { session, peer } = opened({ answersClose: true });
    const stream = receiveStream(session, { maxMessageSize: 10 });
    for (const each of frames) peer.send(each);
    expect(await read(await stream)).toEqual(expected);
    const { clean, error, sent } = await session.ended;
    expect(sent?.code).toBe(1009);
    expect(clean, "the frames were in order, and the peer has answered").toBe(true);
    expect(error).toMatchObject({
      name: "FrameTooBigError",
      url: "ws://example.org/",
      message: expect.stringContaining("maxMessageSize"),
    });
    expect(await rejectionOf(receiveStream(session))).toBe(error);
  });

  test("holds for a message that was received whole already, too", async () => {
    const { session, peer } = opened({ answersClose: true });
    peer.send(...binary(11));
    await turn();
    expect(await readNext(session, { maxMessageSize: 10 })).toEqual(["FrameTooBigError"]);
    expect((await session.ended).sent?.code).toBe(1009);
  });
});

describe("what it does not take", () => {
  test.each([
    ["no object", null],
    ["an option that does not exist", { maxFrameSize: 1 }],
    ["an option that is null", { signal: null }],
    ["no room at all", { maxChunkSize: 0 }],
    ["less than nothing", { maxMessageSize: -1 }],
    ["half a byte", { maxChunkSize: 1.5 }],
    ["no number", { maxMessageSize: "10" }],
    ["NaN", { maxMessageSize: Number.NaN }],
  ])("is %s", async (_, options) => {
    const { session } = opened();
    expect(await rejectionOf(receiveStream(session, options as object))).toBeInstanceOf(InvalidArgumentError);
  });

  test("is a raw session, or none", async () => {
    const { session } = openRaw();
    for (const wrong of [session, null, undefined, {}]) {
      expect(await rejectionOf(receiveStream(wrong as never))).toBeInstanceOf(InvalidArgumentError);
    }
    session.cancel();
  });

  test("counts as left out when it is undefined", async () => {
    const { session, peer } = opened();
    peer.send(...text("a"));
    const options = { signal: undefined, maxMessageSize: undefined, maxChunkSize: undefined };
    expect(await readNext(session, options)).toEqual(["a", "end"]);
  });
});

test("calls are served in order, a message each", async () => {
  const { session, peer } = opened();
  const calls = [1, 2, 3].map(() => readNext(session));
  const last = rejectionOf(receiveStream(session));
  peer.send(...text("a", "b"), ...binary(1));
  peer.send(...text("c"));
  expect(await Promise.all(calls)).toEqual([
    ["a", "b", "end"],
    ["1 bytes", "end"],
    ["c", "end"],
  ]);
  expect(await stateOf(last)).toBe("pending");
  session.cancel();
  expect(await last).toBeInstanceOf(ChannelClosedError);
});
