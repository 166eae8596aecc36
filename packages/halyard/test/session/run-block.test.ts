// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { Frame } from "../../src/protocol/frame.ts";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelClosedError } from "../../src/session/errors.ts";
import { runBlock } from "../../src/session/run-block.ts";
import { checkAllSettled, open, rejectionOf, stateOf, turn } from "./support.ts";

afterEach(checkAllSettled);

test("when the block returns the session closes with 1000, and the result is given once it has ended", async () => {
  const { session, transport, peer } = open({ answersClose: true });
  const result = await runBlock(session, async (given) => {
    expect(given).toBe(session);
    await given.send("hello");
    return 7;
  });
  expect(result).toBe(7);
  expect(peer.frames).toEqual(["text hello", "close 1000"]);
  expect(transport.isDisposed).toBe(true);
});

test("a block need not be asynchronous", async () => {
  const { session } = open({ answersClose: true });
  expect(await runBlock(session, () => "at once")).toBe("at once");
});

test("when the block throws the session closes with 1011, without telling why, and the error is the caller's (LC-05)", async () => {
  for (const fails of [
    () => Promise.reject(new RangeError("a secret")),
    () => {
      throw new RangeError("a secret");
    },
  ]) {
    const { session, peer } = open({ answersClose: true });
    expect(await rejectionOf(runBlock(session, fails))).toMatchObject({ message: "a secret" });
    expect(peer.frames).toEqual(["close 1011 the session's handler failed"]);
    expect(await session.ended).toMatchObject({ clean: true, initiator: "local", error: undefined });
  }
});

test("what arrives when the block has returned is dropped, however full the channel was", async () => {
  const { session, peer } = open({ incoming: bounded({ messages: 1 }) });
  peer.texts("one", "two", "three");
  const running = runBlock(session, turn);
  await turn();
  await turn();
  peer.texts("four");
  peer.close(1000);
  peer.end();
  await running;
  expect(await session.ended).toMatchObject({ clean: true, discarded: 4 });
});

test("a peer that does not answer holds the result up until the deadline", async () => {
  const { session, clock } = open({ closeTimeout: 300 });
  const running = runBlock(session, () => 7);
  await turn();
  await clock.advance(299);
  expect(await stateOf(running)).toBe("pending");
  await clock.advance(1);
  expect(await running).toBe(7);
});

test("what ends the session is thrown by the block's own calls", async () => {
  const { session, peer } = open();
  const running = rejectionOf(runBlock(session, () => session.incoming.receive()));
  const error = new Error("reset");
  peer.reset(error);
  expect(await running).toBe(error);
  expect((await session.ended).error).toBe(error);
});

test("a block may close the session itself, with a reason of its own", async () => {
  const { session, peer } = open({ answersClose: true });
  const end = await runBlock(session, () => session.close({ code: 4000 }));
  expect(end.reason.code).toBe(4000);
  expect(peer.frames).toEqual(["close 4000"]);
});

describe("messages that are lost", () => {
  const bounds = { outgoing: bounded({ messages: 1 }), closeTimeout: 300 };

  test("because the peer does not read: the block has returned, and what ended the session is thrown", async () => {
    const { session, transport, clock } = open(bounds);
    transport.hold();
    const running = rejectionOf(runBlock(session, () => session.send("never read")));
    await turn();
    await clock.advance(300);
    const error = await running;
    expect(error).toMatchObject({ name: "TimeoutError" });
    expect(await session.ended).toMatchObject({ error, unsent: 1 });
  });

  test("because a send was not awaited", async () => {
    const { session, transport, clock } = open(bounds);
    transport.hold();
    const running = rejectionOf(
      runBlock(session, async () => {
        await session.send("accepted");
        void session.send("waits").catch(() => undefined);
      }),
    );
    await turn();
    await clock.advance(300);
    expect(await running).toMatchObject({ name: "TimeoutError" });
    expect((await session.ended).unsent).toBe(2);
  });

  test("though the end is clean: the peer closed before all had left", async () => {
    const { session, transport, peer } = open(bounds);
    transport.hold();
    const running = rejectionOf(
      runBlock(session, async () => {
        await session.send("accepted");
        await turn();
        void session.send("waits").catch(() => undefined);
      }),
    );
    await turn();
    await turn();
    peer.close(1000);
    await turn();
    transport.release();
    peer.end();
    const error = await running;
    expect(error).toBeInstanceOf(ChannelClosedError);
    expect(error).toBe(session.signal.reason);
    expect(await session.ended).toMatchObject({
      clean: true,
      initiator: "local",
      unsent: 1,
      error: undefined,
    });
  });

  test("a block that throws keeps its own error", async () => {
    const { session, transport, clock } = open(bounds);
    transport.hold();
    const running = rejectionOf(
      runBlock(session, async () => {
        await session.send("never read");
        throw new RangeError("its own");
      }),
    );
    await turn();
    await clock.advance(300);
    expect(await running).toMatchObject({ message: "its own" });
    expect((await session.ended).unsent).toBe(1);
  });

  test("because the peer went first are no error of a block that has returned", async () => {
    const { session, transport, peer } = open(bounds);
    transport.hold();
    const running = runBlock(session, async () => {
      await session.send("never read");
      peer.reset(new Error("reset"));
      await session.ended;
      return 7;
    });
    expect(await running).toBe(7);
    expect(await session.ended).toMatchObject({ initiator: "peer", unsent: 1 });
  });

  test("pings and the Close frame are none", async () => {
    const { session, transport, clock } = open(bounds);
    transport.hold();
    const running = runBlock(session, async () => {
      await session.send(new Frame.Ping());
      return 7;
    });
    await turn();
    await clock.advance(300);
    expect(await running).toBe(7);
    expect(await session.ended).toMatchObject({ error: { name: "TimeoutError" }, unsent: 0 });
  });
});
