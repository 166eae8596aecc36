// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { bounded, unlimited } from "../../src/session/bounds.ts";
import { Channel } from "../../src/session/channel.ts";
import { ChannelClosedError } from "../../src/session/errors.ts";
import { rejectionOf, stateOf } from "./support.ts";

/** A channel of numbers, each as many bytes as it says. */
function channel(bounds = unlimited()): Channel<number> {
  return new Channel(bounds, (bytes) => bytes);
}

function fill(target: Channel<number>, ...elements: number[]): void {
  for (const element of elements) target.push(element);
}

async function all(target: AsyncIterable<number>): Promise<number[]> {
  const seen: number[] = [];
  for await (const element of target) seen.push(element);
  return seen;
}

describe("bounds", () => {
  test("it has room for as many messages as allowed, and not for one more", () => {
    const full = channel(bounded({ messages: 2 }));
    full.push(1);
    expect(full.hasRoom(1)).toBe(true);
    full.push(1);
    expect(full.hasRoom(1)).toBe(false);
  });

  test("it has room for as many bytes as allowed, and not for one more", () => {
    const half = channel(bounded({ bytes: 10 }));
    half.push(4);
    expect(half.hasRoom(6)).toBe(true);
    expect(half.hasRoom(7)).toBe(false);
  });

  test("whichever bound is reached first counts", () => {
    const byMessages = channel(bounded({ messages: 1, bytes: 10 }));
    byMessages.push(1);
    expect(byMessages.hasRoom(1)).toBe(false);
    const byBytes = channel(bounded({ messages: 9, bytes: 1 }));
    byBytes.push(1);
    expect(byBytes.hasRoom(1)).toBe(false);
  });

  test("an element larger than the bound enters an empty channel, alone", () => {
    const target = channel(bounded({ bytes: 10 }));
    expect(target.hasRoom(11)).toBe(true);
    target.push(11);
    expect(target.hasRoom(0)).toBe(false);
    target.tryReceive();
    expect(target.hasRoom(11)).toBe(true);
  });

  test("what is taken, one by one or as a batch, makes room of its size", async () => {
    const target = channel(bounded({ bytes: 10 }));
    fill(target, 4, 6);
    await target.receive();
    expect([target.hasRoom(4), target.hasRoom(5)]).toEqual([true, false]);
    target.push(4);
    await target.batches()[Symbol.asyncIterator]().next();
    fill(target, 1);
    expect([target.hasRoom(9), target.hasRoom(10)]).toEqual([true, false]);
  });

  test("room() resolves when something is taken, and not before", async () => {
    const target = channel(bounded({ messages: 2 }));
    fill(target, 1, 2);
    const room = target.room();
    expect(target.room(), "who waits, waits together").toBe(room);
    expect(await stateOf(room)).toBe("pending");
    target.tryReceive();
    expect(await stateOf(room)).toBe("fulfilled");
    expect(await stateOf(target.room()), "the next room").toBe("pending");
  });

  test.each([
    ["of messages", bounded({ messages: 4 }), [1, 1, 1, 1], 2],
    ["of bytes", bounded({ bytes: 8 }), [2, 1, 1, 4], 3],
    ["of messages, though half of the bytes was before", bounded({ messages: 4, bytes: 9 }), [5, 4, 0, 0], 2],
    ["of bytes, though half of the messages was before", bounded({ messages: 4, bytes: 8 }), [2, 1, 1, 4], 3],
  ])("room() resolves when half %s is left", async (_, bounds, sizes, half) => {
    const target = channel(bounds);
    fill(target, ...sizes);
    const room = target.room();
    for (let taken = 1; taken < half; taken++) target.tryReceive();
    expect(await stateOf(room)).toBe("pending");
    target.tryReceive();
    expect(await stateOf(room)).toBe("fulfilled");
  });

  test.each([
    ["a batch is taken", (target: Channel<number>) => void target.batches()[Symbol.asyncIterator]().next()],
    ["it is cancelled", (target: Channel<number>) => target.cancel()],
    ["it ends", (target: Channel<number>) => target.end()],
    ["it drops what finds no room", (target: Channel<number>) => target.dropWhenFull()],
    ["its bounds are lifted", (target: Channel<number>) => target.liftBounds()],
  ])("room() resolves when %s, and there is room then", async (_, act) => {
    const target = channel(bounded({ messages: 1 }));
    target.push(1);
    const room = target.room();
    act(target);
    await room;
    expect(target.hasRoom(1)).toBe(true);
  });

  test("dropWhenFull drops and counts what finds no room, and keeps what does", async () => {
    const target = channel(bounded({ bytes: 10 }));
    target.push(8);
    target.dropWhenFull();
    fill(target, 3, 2, 1);
    target.end();
    expect(await all(target)).toEqual([8, 2]);
    expect(target.discarded).toBe(2);
  });

  test("liftBounds lets in whatever comes", async () => {
    const target = channel(bounded({ messages: 1 }));
    target.push(1);
    target.liftBounds();
    expect(target.hasRoom(2)).toBe(true);
    fill(target, 2, 3);
    target.end();
    expect(await all(target)).toEqual([1, 2, 3]);
    expect(target.discarded).toBe(0);
  });
});

describe("receive", () => {
  test("who begins to wait is announced, and waits until there is an element", async () => {
    const target = channel();
    let announced = 0;
    target.onWait = () => announced++;
    target.push(1);
    await target.receive();
    expect([announced, target.isAwaited]).toEqual([0, false]);
    const receiving = target.receive();
    expect([announced, target.isAwaited]).toEqual([1, true]);
    target.push(2);
    expect([await receiving, target.isAwaited]).toEqual([2, false]);
  });

  test("it gives what is there in order, then waits", async () => {
    const target = channel();
    fill(target, 1, 2);
    expect([await target.receive(), await target.receive()]).toEqual([1, 2]);
    const waiting = target.receive();
    expect(await stateOf(waiting)).toBe("pending");
    target.push(3);
    expect(await waiting).toBe(3);
  });

  test("concurrent receivers are served in the order of their calls (LC-06)", async () => {
    const target = channel();
    const order: string[] = [];
    const receivers = ["first", "second", "third"].map((name) =>
      target.receive().then((element) => order.push(`${name} ${element}`)),
    );
    fill(target, 1, 2, 3);
    await Promise.all(receivers);
    expect(order).toEqual(["first 1", "second 2", "third 3"]);
  });

  test("a signal that has aborted before takes nothing", async () => {
    const target = channel();
    target.push(1);
    const reason = new Error("before");
    expect(await rejectionOf(target.receive({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(target.tryReceive()).toBe(1);
  });

  test("an abort while it waits leaves the element to the next receiver (LC-06)", async () => {
    const target = channel();
    const controller = new AbortController();
    const before = target.receive();
    const aborted = target.receive({ signal: controller.signal });
    const after = target.receive();
    const reason = new Error("given up");
    controller.abort(reason);
    expect(await rejectionOf(aborted)).toBe(reason);
    fill(target, 1, 2);
    expect([await before, await after]).toEqual([1, 2]);
  });

  test("an abort after it was served changes nothing", async () => {
    const target = channel();
    const controller = new AbortController();
    const served = target.receive({ signal: controller.signal });
    const waiting = target.receive();
    target.push(1);
    controller.abort();
    expect(await served).toBe(1);
    target.push(2);
    expect(await waiting).toBe(2);
  });

  test("an abort after an element was there at once changes nothing", async () => {
    const target = channel();
    const controller = new AbortController();
    target.push(1);
    const served = target.receive({ signal: controller.signal });
    controller.abort();
    expect(await served).toBe(1);
  });

  test("tryReceive takes what is there, and leaves waiting receivers their turn", async () => {
    const target = channel();
    expect(target.tryReceive()).toBeUndefined();
    fill(target, 1);
    expect(target.tryReceive()).toBe(1);
    const waiting = target.receive();
    expect(target.tryReceive()).toBeUndefined();
    target.push(2);
    expect(await waiting).toBe(2);
  });

  test("a long queue, taken while it grows, keeps its order", () => {
    const target = channel();
    const seen: (number | undefined)[] = [];
    for (let at = 0; at < 5000; at++) {
      fill(target, 2 * at, 2 * at + 1);
      if (at % 4 !== 0) seen.push(target.tryReceive());
    }
    while (seen.length < 10_000) seen.push(target.tryReceive());
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
    expect(target.tryReceive()).toBeUndefined();
  });
});

describe("the end", () => {
  test("what is there can still be received, then ChannelClosedError", async () => {
    const target = channel();
    target.push(1);
    target.end();
    expect(target.isClosedForReceive).toBe(false);
    expect(await target.receive()).toBe(1);
    expect(target.isClosedForReceive).toBe(true);
    expect(await rejectionOf(target.receive())).toBeInstanceOf(ChannelClosedError);
    expect(target.tryReceive()).toBeUndefined();
  });

  test("with an error: first what is there, then the error, each time", async () => {
    const target = channel();
    const error = new Error("broken");
    target.push(1);
    target.end(error);
    expect(await target.receive()).toBe(1);
    expect(await rejectionOf(target.receive())).toBe(error);
    expect(await rejectionOf(target.receive())).toBe(error);
    expect(await rejectionOf(all(target))).toBe(error);
  });

  test("it reaches all who wait, iterators among them", async () => {
    const target = channel();
    const waiting = [
      rejectionOf(target.receive()),
      rejectionOf(target.receive()),
      target[Symbol.asyncIterator]().next(),
      target.batches()[Symbol.asyncIterator]().next(),
    ];
    target.end();
    const [first, second, ...iterations] = await Promise.all(waiting);
    expect(first).toBeInstanceOf(ChannelClosedError);
    expect(second).toBeInstanceOf(ChannelClosedError);
    expect(iterations).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  test("clean with an error: a loop ends normally, and receive throws that very error", async () => {
    const target = channel();
    const error = new ChannelClosedError("the session is closed");
    const waiting = [rejectionOf(target.receive()), target[Symbol.asyncIterator]().next()];
    target.end(error, true);
    expect(await Promise.all(waiting)).toEqual([error, { done: true, value: undefined }]);
    expect(await rejectionOf(target.receive())).toBe(error);
    expect(await all(target)).toEqual([]);
  });

  test("without an error it can be unclean", async () => {
    const target = channel();
    target.end(undefined, false);
    expect(await rejectionOf(all(target))).toBeInstanceOf(ChannelClosedError);
  });

  test("after a clean end, and after a cancel, receive gives the same error each time", async () => {
    for (const [end, text] of [
      [(target: Channel<number>) => target.end(), "the channel is closed"],
      [(target: Channel<number>) => target.cancel(), "the channel was cancelled"],
    ] as const) {
      const target = channel();
      end(target);
      const error = await rejectionOf(target.receive());
      expect(String(error)).toContain(text);
      expect(await rejectionOf(target.receive())).toBe(error);
    }
  });

  test("only the first one counts", async () => {
    const target = channel();
    target.end();
    target.end(new Error("late"));
    expect(await all(target)).toEqual([]);
  });

  test("what comes after it is dropped and counted, and always finds room", () => {
    const target = channel(bounded({ messages: 1 }));
    target.push(1);
    target.end();
    expect(target.hasRoom(1)).toBe(true);
    target.push(2);
    expect(target.discarded).toBe(1);
    expect(target.tryReceive()).toBe(1);
    expect(target.tryReceive()).toBeUndefined();
  });

  test("cancel drops what is there and what comes, counts both, and ends normally for who waits", async () => {
    const target = channel();
    fill(target, 1, 2, 3);
    target.tryReceive();
    target.cancel();
    target.push(4);
    expect(target.discarded).toBe(3);
    expect(target.isClosedForReceive).toBe(true);
    expect(await all(target)).toEqual([]);

    const awaited = channel();
    const iteration = awaited[Symbol.asyncIterator]().next();
    awaited.cancel();
    expect(await iteration).toEqual({ done: true, value: undefined });
  });
});

describe("iteration", () => {
  test("leaving a loop does not cancel the channel", async () => {
    const target = channel();
    fill(target, 1, 2);
    for await (const element of target) {
      expect(element).toBe(1);
      break;
    }
    target.push(3);
    target.end();
    expect(await all(target)).toEqual([2, 3]);
  });

  test("batches gives all that is there, in order, and what comes while it waits", async () => {
    const target = channel();
    fill(target, 1, 2, 3);
    expect(target.tryReceive()).toBe(1);
    const batches = target.batches()[Symbol.asyncIterator]();
    expect(await batches.next()).toEqual({ done: false, value: [2, 3] });
    const waiting = batches.next();
    fill(target, 4, 5);
    expect((await waiting).value).toEqual([4]);
    expect((await batches.next()).value).toEqual([5]);
    expect(await batches.return?.()).toEqual({ done: true, value: undefined });
    fill(target, 6);
    target.end();
    expect((await batches.next()).value).toEqual([6]);
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  test("batches throws what ended the channel, behind what was there", async () => {
    const target = channel();
    const error = new Error("broken");
    fill(target, 1);
    target.end(error);
    const batches = target.batches()[Symbol.asyncIterator]();
    expect((await batches.next()).value).toEqual([1]);
    expect(await rejectionOf(batches.next())).toBe(error);
  });
});
