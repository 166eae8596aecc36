// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../../src/protocol/errors.ts";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelClosedError } from "../../src/session/errors.ts";
import { streamsOf } from "../../src/streams/index.ts";
import type { Role } from "../session/pipe-transport.ts";
import { checkAllSettled, open, openPair, openRaw, rejectionOf, stateOf, turn } from "../session/support.ts";
import { binary, readNext, text } from "./support.ts";

afterEach(checkAllSettled);

const isGone = (message: string) => expect.stringContaining(message);

describe("readable", () => {
  test.each<Role>(["client", "server"])(
    "gives a %s each message as a chunk, and ends with the session",
    async (role) => {
      const { session, peer } = open({ role });
      const { readable } = streamsOf(session);
      peer.send(...text("a", "ä"), ...binary(1, 2), ...text(""));
      peer.close(1000);
      peer.end();
      const seen: unknown[] = [];
      for await (const chunk of readable) seen.push(chunk);
      expect(seen).toEqual(["aä", new Uint8Array(3), ""]);
      expect(await session.ended).toMatchObject({ clean: true });
    },
  );

  test("takes nothing ahead of its reader", async () => {
    const { session, peer } = open();
    const reader = streamsOf(session).readable.getReader();
    peer.texts("a", "b", "c", "d");
    await turn();
    expect(await reader.read()).toEqual({ done: false, value: "a" });
    await turn();
    const [frame] = [await session.incoming.receive()];
    expect(Buffer.from(frame.data).toString()).toBe("b");
    expect(await readNext(session)).toEqual(["c", "end"]);
    expect(await reader.read()).toEqual({ done: false, value: "d" });
    session.cancel();
  });

  test("errors with what ended the session uncleanly, behind what came before", async () => {
    const { session, peer } = open();
    const reader = streamsOf(session).readable.getReader();
    peer.texts("a");
    const reset = new RangeError("reset");
    await turn();
    peer.reset(reset);
    expect(await reader.read()).toEqual({ done: false, value: "a" });
    expect(await rejectionOf(reader.read())).toBe(reset);
    expect(await rejectionOf(reader.closed)).toBe(reset);
    await session.ended;
  });

  test("is cancelled: the session closes with 1000, also while a read waits", async () => {
    const { session, peer } = open({ answersClose: true });
    const reader = streamsOf(session).readable.getReader();
    const waiting = reader.read();
    await reader.cancel("enough");
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(peer.frames).toEqual(["close 1000"]);
    expect(await session.ended).toMatchObject({ clean: true });
  });

  test("is cancelled when it is piped to a stream that fails", async () => {
    const { session, peer } = open({ answersClose: true });
    const { readable } = streamsOf(session);
    const error = new Error("full disk");
    const piped = rejectionOf(readable.pipeTo(new WritableStream({ write: () => Promise.reject(error) })));
    peer.texts("a", "b");
    expect(await piped).toBe(error);
    expect(await session.ended).toMatchObject({ sent: { code: 1000 } });
  });
});

describe("writable", () => {
  test.each<Role>(["client", "server"])(
    "sends for a %s each chunk as a message, and closes with 1000",
    async (role) => {
      const { session, peer } = open({ role, answersClose: true });
      const writer = streamsOf(session).writable.getWriter();
      void writer.write("a");
      void writer.write(new Uint8Array(2));
      void writer.write(new ArrayBuffer(3));
      await writer.close();
      await writer.closed;
      expect(peer.frames).toEqual(["text a", "binary 2", "binary 3", "close 1000"]);
      expect(await session.ended).toMatchObject({ clean: true, unsent: 0 });
    },
  );

  test("waits while the outgoing queue is full", async () => {
    const { session, transport } = open({ outgoing: bounded({ messages: 1 }), answersClose: true });
    transport.hold();
    const writer = streamsOf(session).writable.getWriter();
    await writer.write("a");
    const second = writer.write("b");
    expect(await stateOf(second)).toBe("pending");
    expect(writer.desiredSize).toBe(0);
    transport.release();
    await second;
    await writer.close();
  });

  test("is aborted: the session closes with 1011", async () => {
    const { session, peer } = open({ answersClose: true });
    const writer = streamsOf(session).writable.getWriter();
    await writer.write("a");
    await writer.abort(new Error("secret"));
    expect(peer.frames).toEqual(["text a", "close 1011 the stream was aborted"]);
    expect(await session.ended).toMatchObject({ clean: true, sent: { code: 1011 } });
    await rejectionOf(writer.closed);
  });

  test("is aborted while a write waits for a peer that does not read, which sends nothing more", async () => {
    const { session, peer, transport, clock } = open({
      outgoing: bounded({ messages: 1 }),
      closeTimeout: 1_000,
    });
    transport.hold();
    const writer = streamsOf(session).writable.getWriter();
    await writer.write("a");
    const waiting = rejectionOf(writer.write("b"));
    const aborted = writer.abort("enough");
    expect(await waiting).toBe("enough");
    await clock.advance(1_000);
    await aborted;
    expect(await session.ended).toMatchObject({ clean: false, sent: { code: 1011 } });
    transport.release();
    expect(peer.frames).not.toContain("text b");
    await rejectionOf(writer.closed);
  });

  test("fails to close when the session ends uncleanly", async () => {
    const { session, clock } = open({ closeTimeout: 1_000 });
    const writer = streamsOf(session).writable.getWriter();
    const closed = rejectionOf(writer.close());
    const seen = rejectionOf(writer.closed);
    await turn();
    await clock.advance(1_000);
    const { error } = await session.ended;
    expect(error).toMatchObject({ name: "TimeoutError" });
    expect(await closed).toBe(error);
    await seen;
  });

  test("errors when the session ends, cleanly or not", async () => {
    for (const isClean of [true, false]) {
      const { session, peer } = open();
      const writer = streamsOf(session).writable.getWriter();
      const closed = rejectionOf(writer.closed);
      const cause = new Error("cancelled");
      if (isClean) peer.close(1000);
      else session.cancel(cause);
      peer.end();
      const error = await closed;
      if (isClean) expect(error).toBeInstanceOf(ChannelClosedError);
      else expect(error).toBe(cause);
      expect(await rejectionOf(writer.write("late"))).toBe(error);
      await session.ended;
    }
  });

  test("has errored from the start when the session is over", async () => {
    const { session } = open();
    session.cancel();
    const { readable, writable } = streamsOf(session);
    expect(await rejectionOf(writable.getWriter().closed)).toMatchObject({ message: isGone("cancelled") });
    expect(await rejectionOf(readable.getReader().read())).toMatchObject({ message: isGone("cancelled") });
  });

  test("errors for what cannot be sent, and the session lives", async () => {
    const { session } = open({ answersClose: true });
    const writer = streamsOf(session).writable.getWriter();
    const closed = rejectionOf(writer.closed);
    expect(await rejectionOf(writer.write(5 as never))).toBeInstanceOf(InvalidArgumentError);
    await closed;
    await session.send("a");
    expect(await session.close()).toMatchObject({ clean: true });
  });
});

test("streams of both sides can be piped together, through others", async () => {
  const { client, server } = openPair();
  const shout = new TransformStream<string | Uint8Array, string>({
    transform: (chunk, controller) => controller.enqueue(String(chunk).toUpperCase()),
  });
  const far = streamsOf(server);
  const echoed = far.readable
    .pipeThrough(shout)
    .pipeTo(far.writable)
    .catch(() => undefined);
  const near = streamsOf(client);
  const writer = near.writable.getWriter();
  void writer.write("one");
  void writer.write("two");
  const reader = near.readable.getReader();
  expect([(await reader.read()).value, (await reader.read()).value]).toEqual(["ONE", "TWO"]);
  await writer.close();
  expect(await reader.read()).toEqual({ done: true, value: undefined });
  await echoed;
  expect(await server.ended).toMatchObject({ clean: true });
});

test("a source that fails aborts the session it is piped to", async () => {
  const { session, peer } = open({ answersClose: true });
  const error = new Error("no more");
  const source = new ReadableStream<string>({
    pull(controller) {
      if (peer.frames.length > 0) controller.error(error);
      else controller.enqueue("a");
    },
  });
  expect(await rejectionOf(source.pipeTo(streamsOf(session).writable))).toBe(error);
  expect(await session.ended).toMatchObject({ sent: { code: 1011 } });
});

test("a raw session is refused", () => {
  const { session } = openRaw();
  for (const wrong of [session, null, {}])
    expect(() => streamsOf(wrong as never)).toThrow(InvalidArgumentError);
  session.cancel();
});
