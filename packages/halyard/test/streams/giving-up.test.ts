// SPDX-License-Identifier: Apache-2.0
// Who wants no more of a message, or of waiting for one, leaves the rest of the session in order.
import { getEventListeners } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { receiveStream } from "../../src/streams/index.ts";
import { checkAllSettled, open, rejectionOf, stateOf, turn } from "../session/support.ts";
import { binary, read, reading, readNext, text } from "./support.ts";

afterEach(checkAllSettled);

const large = 400_000;

describe("an abort while it waits", () => {
  test("rejects with the reason, and the message goes to the next call", async () => {
    const { session, peer } = open();
    const controller = new AbortController();
    const aborted = rejectionOf(receiveStream(session, { signal: controller.signal }));
    const next = readNext(session);
    controller.abort("enough");
    expect(await aborted).toBe("enough");
    peer.send(...text("a"));
    expect(await next).toEqual(["a", "end"]);
    session.cancel();
  });

  test("before the call takes no message either", async () => {
    const { session, peer } = open();
    peer.send(...text("a"));
    await turn();
    const signal = AbortSignal.abort("before");
    expect(await rejectionOf(receiveStream(session, { signal }))).toBe("before");
    expect(await readNext(session)).toEqual(["a", "end"]);
    session.cancel();
  });

  test("leaves the message to incoming", async () => {
    const { session, peer } = open();
    const controller = new AbortController();
    const aborted = rejectionOf(receiveStream(session, { signal: controller.signal }));
    peer.send(new Frame.Ping());
    controller.abort();
    peer.send(...text("a", "b"));
    await aborted;
    expect((await session.incoming.receive()).toString()).toBe("Frame.Text(fin=true, 2 bytes)");
    session.cancel();
  });
});

describe("an abort of the reading", () => {
  test("throws the reason while a chunk is waited for, and the next message can be received", async () => {
    const { session, peer } = open();
    const controller = new AbortController();
    const stream = receiveStream(session, { signal: controller.signal });
    peer.send(new Frame.Text("one", { fin: false }));
    const done = read(await stream);
    await turn();
    controller.abort("enough");
    expect(await done).toEqual(["one", "enough"]);
    peer.send(new Frame.Text("two"), ...text("next"));
    expect(await readNext(session)).toEqual(["next", "end"]);
    session.cancel();
  });

  test("wins over a chunk that has come, and over the end", async () => {
    const { session, peer } = open();
    const controller = new AbortController();
    const stream = receiveStream(session, { signal: controller.signal });
    peer.send(...text("one"));
    await turn();
    controller.abort("enough");
    expect(await read(await stream)).toEqual(["enough"]);
    session.cancel();
  });

  test("is heeded in the middle of what has come", async () => {
    const { session, peer } = open();
    const controller = new AbortController();
    const stream = receiveStream(session, { signal: controller.signal, maxChunkSize: 1 });
    peer.send(...text("ab"));
    const seen: string[] = [];
    const reading = async () => {
      for await (const chunk of await stream) {
        seen.push(String(chunk));
        controller.abort("enough");
      }
    };
    expect(await rejectionOf(reading())).toBe("enough");
    expect(seen).toEqual(["a"]);
    session.cancel();
  });

  test("lets the connection go on, though the reader is busy with something else", async () => {
    const { session, peer } = open();
    const controller = new AbortController();
    const stream = receiveStream(session, { signal: controller.signal });
    for (let sent = 0; sent < 3; sent++) peer.send(new Frame.Binary(new Uint8Array(large), { fin: false }));
    await stream;
    peer.send(new Frame.Binary(new Uint8Array(1)), ...text("next"));
    const next = readNext(session);
    expect(await stateOf(next), "the stream is not read").toBe("pending");
    controller.abort("enough");
    expect(await next).toEqual(["next", "end"]);
    expect(await read(await stream)).toEqual(["enough"]);
    session.cancel();
  });

  test("leaves no listener behind, however the message ends", async () => {
    const { session, peer } = open();
    const { signal } = new AbortController();
    const listeners = () => getEventListeners(signal, "abort").length;
    peer.send(...text("whole"));
    await turn();
    await receiveStream(session, { signal });
    expect(listeners(), "whole at once").toBe(0);
    const stream = receiveStream(session, { signal });
    peer.send(new Frame.Text("a", { fin: false }));
    await stream;
    expect(listeners(), "in progress").toBe(1);
    peer.send(new Frame.Text("b"));
    expect(await read(await stream)).toEqual(["a", "b", "end"]);
    expect(listeners(), "read").toBe(0);
    const cut = receiveStream(session, { signal });
    const waiting = rejectionOf(receiveStream(session, { signal }));
    peer.send(new Frame.Text("a", { fin: false }));
    await cut;
    session.cancel();
    await waiting;
    expect(listeners(), "cut by the end of the session").toBe(0);
  });
});

describe("the rest of a message is dropped, and the next one comes,", () => {
  test("when the loop is left", async () => {
    const { session, peer } = open();
    const stream = receiveStream(session);
    for (let sent = 0; sent < 3; sent++) peer.send(new Frame.Binary(new Uint8Array(large), { fin: false }));
    for await (const chunk of await stream) {
      expect(chunk).toHaveLength(65_536);
      break;
    }
    peer.send(...binary(large), ...text("next"));
    expect(await readNext(session)).toEqual(["next", "end"]);
    session.cancel();
  });

  test("when it is cancelled unread", async () => {
    const { session, peer } = open();
    const stream = receiveStream(session);
    peer.send(...binary(large, large, large), ...text("next"));
    (await stream).cancel();
    expect(await readNext(session)).toEqual(["next", "end"]);
    expect(await read(await stream)).toEqual(["ChannelClosedError"]);
    session.cancel();
  });

  test("when it is cancelled in the middle of what has come", async () => {
    const { session, peer } = open();
    const stream = receiveStream(session, { maxChunkSize: 1 });
    peer.send(...text("ab"), ...text("next"));
    expect((await (await stream)[Symbol.asyncIterator]().next()).value).toBe("a");
    (await stream).cancel();
    expect(await read(await stream)).toEqual(["ChannelClosedError"]);
    expect(await readNext(session)).toEqual(["next", "end"]);
    session.cancel();
  });

  test("when another cancels it, and who reads must not take that for the end", async () => {
    const { session, peer } = open();
    const receiving = receiveStream(session);
    // The last character is cut, too.
    peer.deliver(0x01, 4, 0x61, 0xf0, 0x9f, 0x98);
    const stream = await receiving;
    const done = read(stream);
    await turn();
    stream.cancel();
    expect(await done).toEqual(["a", "ChannelClosedError"]);
    session.cancel();
  });
});

describe("while nobody takes what came", () => {
  test("the connection is not read, and pings blame nobody; then both go on", async () => {
    const { session, peer, transport, clock } = open({ pingInterval: 1_000, pingTimeout: 500 });
    const receiving = receiveStream(session);
    peer.send(new Frame.Binary(new Uint8Array(large), { fin: false }));
    const stream = await receiving;
    for (let sent = 0; sent < 10; sent++) peer.send(new Frame.Binary(new Uint8Array(large), { fin: false }));
    await turn();
    expect(transport.bytesReceived).toBeLessThan(4 * (large + 20));
    await clock.advance(5_000);
    expect(await stateOf(session.ended)).toBe("pending");
    const seen: string[] = [];
    const done = reading(stream, seen);
    await turn();
    expect(transport.bytesReceived).toBeGreaterThan(10 * large);
    peer.send(...binary(1));
    expect((await done).at(-1)).toBe("end");
    await clock.advance(2_000);
    expect(await session.ended).toMatchObject({ error: { name: "PingTimeoutError" } });
  });

  test("a small queue of incoming does not matter, nor what happens when that overflows", async () => {
    const incoming = bounded({ messages: 1, onOverflow: "close" });
    const { session, peer } = open({ incoming, answersClose: true });
    const first = receiveStream(session);
    peer.send(...text("a"), ...text("b"), ...text("c"));
    expect(await read(await first)).toEqual(["a", "end"]);
    await turn();
    expect(await readNext(session)).toEqual(["b", "end"]);
    expect(await readNext(session)).toEqual(["c", "end"]);
    expect(await session.close()).toMatchObject({ clean: true, error: undefined });
  });

  test("a first call in the moment of an overflow prevents it, and loses nothing", async () => {
    const incoming = bounded({ messages: 1, onOverflow: "close" });
    const { session, peer } = open({ incoming, answersClose: true });
    peer.send(...text("a"), ...text("b"), ...text("c"));
    await Promise.resolve();
    await Promise.resolve();
    expect(session.incoming.tryReceive()?.data).toHaveLength(1);
    const next = readNext(session);
    expect(await next).toEqual(["b", "end"]);
    await turn();
    expect(await readNext(session)).toEqual(["c", "end"]);
    expect(await session.close()).toMatchObject({ clean: true, error: undefined, discarded: 0 });
  });
});
