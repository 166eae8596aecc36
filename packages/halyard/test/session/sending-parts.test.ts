// SPDX-License-Identifier: Apache-2.0
// session.send(asyncIterable): what a session does about a message that comes in parts, and about one that stops.
import { getEventListeners } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelClosedError, PingTimeoutError, TimeoutError } from "../../src/session/errors.ts";
import type { MessageParts } from "../../src/session/fragments.ts";
import { parts, Source } from "./parts-support.ts";
import type { Role } from "./pipe-transport.ts";
import {
  checkAllSettled,
  drain,
  type OpenOptions,
  open,
  openPair,
  openRaw,
  rejectionOf,
  stateOf,
  turn,
} from "./support.ts";

afterEach(checkAllSettled);

/** A session in the middle of a message in parts, of which "one" is sent. */
async function inMessage(options: OpenOptions = {}, form: typeof open | typeof openRaw = open) {
  const opened = form(options);
  const source = new Source();
  const sent = opened.session.send(source);
  source.give("one");
  await turn();
  expect(opened.peer.frames).toEqual(["text one ..."]);
  return { ...opened, source, sent };
}

describe.each<Role>(["client", "server"])("a %s", (role) => {
  test("sends its parts, then what comes behind, then closes", async () => {
    const { session, peer } = open({ role, answersClose: true });
    const sends = [session.send(parts("one", "two")), session.send("behind")];
    expect(await session.close()).toMatchObject({ clean: true, unsent: 0 });
    await Promise.all(sends);
    expect(peer.frames).toEqual(["text one ...", "text two ...", "text ", "text behind", "close 1000"]);
  });

  test("of a raw kind does the same", async () => {
    const { session, peer } = openRaw({ role, answersClose: true });
    await session.send(parts(new Uint8Array(1), new Uint8Array(2)));
    await session.close();
    expect(peer.frames).toEqual(["binary 1", "binary 2", "binary 0", "close 1000"]);
  });
});

test("the other side receives one message", async () => {
  const { client, server } = openPair();
  const pieces = ["a\ud83d", "", "\ude00", "z"];
  await Promise.all([
    client.send(parts(...pieces)),
    client.send("behind"),
    server.send(parts(new Uint8Array(3))),
  ]);
  expect((await server.incoming.receive()).toString()).toBe("Frame.Text(fin=true, 6 bytes)");
  expect(Buffer.from((await server.incoming.receive()).data).toString()).toBe("behind");
  expect((await client.incoming.receive()).data).toHaveLength(3);
  await Promise.all([client.close(), server.close()]);
});

describe("an abort", () => {
  test("before the call sends nothing, and the session lives", async () => {
    const { session, peer } = open({ answersClose: true });
    const source = new Source();
    expect(await rejectionOf(session.send(source, { signal: AbortSignal.abort("no") }))).toBe("no");
    expect(source).toMatchObject({ asked: 0, stopped: 0 });
    await session.send("a");
    await session.close();
    expect(peer.frames).toEqual(["text a", "close 1000"]);
  });

  test("before the first part is there sends nothing, and the session lives", async () => {
    const { session, peer } = open({ answersClose: true });
    const controller = new AbortController();
    const source = new Source();
    const sent = rejectionOf(session.send(source, { signal: controller.signal }));
    const behind = session.send("a");
    controller.abort("enough");
    expect(await sent).toBe("enough");
    expect(source.stopped).toBe(1);
    await behind;
    expect(await session.close()).toMatchObject({ unsent: 0, error: undefined });
    expect(peer.frames).toEqual(["text a", "close 1000"]);
  });

  test("while the first part waits for room sends nothing, and the session lives", async () => {
    const { session, peer, transport } = open({ answersClose: true, outgoing: bounded({ messages: 1 }) });
    transport.hold();
    await session.send("a");
    const controller = new AbortController();
    const sent = rejectionOf(session.send(parts("b"), { signal: controller.signal }));
    await turn();
    controller.abort("enough");
    expect(await sent).toBe("enough");
    transport.release();
    await session.send("c");
    expect(await session.close()).toMatchObject({ unsent: 0, error: undefined });
    expect(peer.frames).toEqual(["text a", "text c", "close 1000"]);
  });

  test.each([
    ["waits for a part", false],
    ["waits for room", true],
  ])("once it has begun ends the session with 1011, when it %s", async (_, isFull) => {
    const { session, peer, transport } = open({ answersClose: true, outgoing: bounded({ messages: 1 }) });
    const controller = new AbortController();
    const source = new Source();
    const sent = rejectionOf(session.send(source, { signal: controller.signal }));
    source.give("one");
    await turn();
    if (isFull) transport.hold();
    if (isFull) source.give("two", "three");
    await turn();
    const behind = rejectionOf(session.send("behind"));
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await sent).toBe(reason);
    expect(await behind).toBe(reason);
    expect(source.stopped).toBe(1);
    transport.release();
    expect(await session.ended).toMatchObject({
      clean: true,
      error: reason,
      sent: { code: 1011 },
      unsent: 2,
    });
    expect(peer.frames.at(-1)).toBe("close 1011 a message could not be finished");
  });

  test("after its end changes nothing, and no listener is left", async () => {
    const { session } = open({ answersClose: true });
    const controller = new AbortController();
    await session.send(parts("a"), { signal: controller.signal });
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    controller.abort();
    expect(await session.close()).toMatchObject({ error: undefined });
  });
});

/** Iterables that fail, each in its own way, after the given parts. */
const faults: [string, (error: Error, given: string[]) => unknown][] = [
  [
    "a generator that throws",
    async function* (error, given) {
      yield* given;
      throw error;
    },
  ],
  [
    "a next() that throws",
    (error, given) => ({
      next: () => {
        const value = given.shift();
        if (value === undefined) throw error;
        return Promise.resolve({ value });
      },
    }),
  ],
  [
    "a return() that throws, too",
    (error, given) => ({
      next: () => (given.length > 0 ? Promise.resolve({ value: given.shift() }) : Promise.reject(error)),
      return: () => {
        throw new Error("return");
      },
    }),
  ],
  [
    "a return() that rejects, too",
    (error, given) => ({
      next: () => (given.length > 0 ? Promise.resolve({ value: given.shift() }) : Promise.reject(error)),
      return: () => Promise.reject(new Error("return")),
    }),
  ],
  [
    "a result that throws when it is looked at",
    (error, given) => ({
      next: () =>
        Promise.resolve({
          get value() {
            if (given.length === 0) throw error;
            return given.shift();
          },
        }),
    }),
  ],
];

describe.each(faults)("%s", (_, make) => {
  const error = new Error("no more parts");
  function iterable(...given: string[]): AsyncIterable<string> {
    const iterator = make(error, given) as AsyncIterator<string>;
    return { [Symbol.asyncIterator]: () => iterator };
  }

  test("before its first part is its caller's affair", async () => {
    const { session, peer } = open({ answersClose: true });
    const sent = rejectionOf(session.send(iterable()));
    const behind = session.send("behind");
    expect(await sent).toBe(error);
    await behind;
    expect(await session.close()).toMatchObject({ clean: true, error: undefined, unsent: 0 });
    expect(peer.frames).toEqual(["text behind", "close 1000"]);
  });

  test("after it ends the session with 1011", async () => {
    const opened = open({ answersClose: true });
    expect(await rejectionOf(opened.session.send(iterable("one")))).toBe(error);
    expect(await opened.session.ended).toMatchObject({ error, sent: { code: 1011 }, unsent: 1 });
    expect(await drain(opened.session)).toEqual(["no more parts"].map((text) => `Error: ${text}`));
    expect(opened.peer.frames).toEqual(["text one ...", "close 1011 a message could not be finished"]);
  });
});

test.each([
  ["no iterator", () => undefined],
  ["an iterator without next()", () => ({})],
  ["an iterator that gives undefined", () => ({ next: () => undefined })],
  ["an iterator that gives a number", () => ({ next: () => 5 })],
  ["an iterator that gives a frame", () => parts(new Frame.Text("a"))],
  ["an iterator that gives promises", () => ({ next: () => ({ value: Promise.resolve("a"), done: false }) })],
  [
    "a function that throws",
    () => {
      throw new TypeError("no");
    },
  ],
])("%s sends nothing, and the session lives", async (_, iterator) => {
  const { session, peer } = open({ answersClose: true });
  const error = await rejectionOf(
    session.send({ [Symbol.asyncIterator]: iterator } as unknown as MessageParts),
  );
  expect(error instanceof TypeError || error instanceof InvalidArgumentError).toBe(true);
  await session.send("a");
  await session.close();
  expect(peer.frames).toEqual(["text a", "close 1000"]);
});

test("a part of the other kind, once it has begun, ends the session with 1011", async () => {
  const { session, source, sent } = await inMessage({ answersClose: true });
  source.give(new Uint8Array(1));
  expect(await rejectionOf(sent)).toBeInstanceOf(InvalidArgumentError);
  expect(await session.ended).toMatchObject({ sent: { code: 1011 }, unsent: 1 });
});

describe("while the source is busy for ever, at once, and it is told, when", () => {
  test("the session is cancelled", async () => {
    const { session, source, sent } = await inMessage();
    const cause = new Error("cancelled");
    session.cancel(cause);
    expect(await rejectionOf(sent)).toBe(cause);
    expect(source.stopped).toBe(1);
    expect(await session.ended).toMatchObject({ error: cause, unsent: 1 });
  });

  test("the peer closes", async () => {
    const { session, peer, source, sent } = await inMessage();
    peer.close(4000);
    peer.end();
    expect(await rejectionOf(sent)).toBeInstanceOf(ChannelClosedError);
    expect(source.stopped).toBe(1);
    expect(await session.ended).toMatchObject({ clean: true, error: undefined, unsent: 1 });
  });

  test("the connection is lost", async () => {
    const { session, peer, source, sent } = await inMessage();
    const reset = new RangeError("reset");
    peer.reset(reset);
    expect(await rejectionOf(sent)).toBe(reset);
    expect(source.stopped).toBe(1);
    expect(await session.ended).toMatchObject({ clean: false, error: reset, unsent: 1 });
  });

  test("the peer answers no ping", async () => {
    const { clock, session, source, sent } = await inMessage({ pingInterval: 100, pingTimeout: 50 });
    const rejected = rejectionOf(sent);
    await clock.advance(150);
    expect(await rejected).toBeInstanceOf(PingTimeoutError);
    expect(source.stopped).toBe(1);
    expect(await session.ended).toMatchObject({ unsent: 1 });
  });

  test("our close() has waited for it as long as it may, from the call on", async () => {
    const { clock, session, peer, source, sent } = await inMessage({ closeTimeout: 1_000 });
    const closed = session.close();
    await clock.advance(600);
    source.give("two");
    await turn();
    await clock.advance(399);
    expect(await stateOf(sent)).toBe("pending");
    expect(peer.frames).toEqual(["text one ...", "text two ..."]);
    await clock.advance(1);
    expect(await rejectionOf(sent)).toBeInstanceOf(TimeoutError);
    expect(source.stopped).toBe(1);
    expect(await closed).toMatchObject({ clean: false, reason: { code: 1000 }, sent: null, unsent: 1 });
  });

  test("the line is never given to one that waits for it", async () => {
    const { session, source, sent } = await inMessage();
    const other = new Source();
    const waiting = rejectionOf(session.send(other));
    session.cancel();
    expect(await rejectionOf(sent)).toBe(await waiting);
    expect([source.stopped, other.asked, other.stopped]).toEqual([1, 0, 0]);
    expect(await session.ended).toMatchObject({ unsent: 2 });
  });
});

test("close() waits behind it", async () => {
  const { session, peer, source, sent } = await inMessage({ answersClose: true });
  const closed = session.close({ code: 4000 });
  expect(await rejectionOf(session.send(parts("late")))).toBeInstanceOf(ChannelClosedError);
  source.give("two");
  source.end();
  await sent;
  expect(await closed).toMatchObject({ clean: true, unsent: 0 });
  expect(peer.frames).toEqual(["text one ...", "text two ...", "text ", "close 4000"]);
});

test("a source that fails behind our close() ends the session with 1011 instead", async () => {
  const { session, peer, source, sent } = await inMessage({ answersClose: true });
  const closed = session.close();
  const error = new Error("no more parts");
  source.fail(error);
  expect(await rejectionOf(sent)).toBe(error);
  expect(await closed).toMatchObject({ error, sent: { code: 1011 }, unsent: 1 });
  expect(peer.frames).toEqual(["text one ...", "close 1011 a message could not be finished"]);
});

test("pings go between the fragments, and are answered there", async () => {
  const { clock, session, peer, source, sent } = await inMessage({ pingInterval: 100, answersClose: true });
  await clock.advance(100);
  peer.send(new Frame.Ping(new Uint8Array(2)));
  await turn();
  source.end();
  await sent;
  await session.close();
  expect(peer.frames.slice(1, 3).sort()).toEqual(["ping 4", "pong 2"]);
  expect(peer.frames.slice(3)).toEqual(["text ", "close 1000"]);
});

test("a raw session that the peer has closed can finish it, before it answers", async () => {
  const { session, peer, source, sent } = await inMessage({}, openRaw);
  peer.close(4000);
  await turn();
  source.give("two");
  source.end();
  await sent;
  void session.close({ code: 4000 });
  peer.end();
  expect(await session.ended).toMatchObject({ clean: true, unsent: 0 });
  expect(peer.frames).toEqual(["text one ...", "text two ...", "text ", "close 4000"]);
});

test("a raw session that the peer has closed, and that cannot finish it, sends no other message", async () => {
  const { session, peer, source, sent } = await inMessage({}, openRaw);
  peer.close(4000);
  await turn();
  const error = new Error("no more parts");
  source.fail(error);
  expect(await rejectionOf(sent)).toBe(error);
  expect(await rejectionOf(session.send("other"))).toBe(error);
  void session.close({ code: 4000 });
  peer.end();
  expect(await session.ended).toMatchObject({ clean: true, unsent: 1 });
  expect(peer.frames).toEqual(["text one ...", "close 4000"]);
});

test("close() was called, and the message under way cannot be finished: the reason of close() decides", async () => {
  const { session, peer, source, sent } = await inMessage();
  const closed = session.close({ code: 4000, message: "enough" });
  const error = new Error("no more parts");
  source.fail(error);
  expect(await rejectionOf(sent)).toBe(error);
  peer.end();
  expect(await session.closeReason).toMatchObject({ code: 4000, message: "enough" });
  expect(await closed).toMatchObject({ clean: false, error, sent: { code: 1011 }, received: null });
});
