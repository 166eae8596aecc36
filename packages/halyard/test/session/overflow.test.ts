// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from "vitest";
import { bounded } from "../../src/session/bounds.ts";
import { ChannelOverflowError } from "../../src/session/errors.ts";
import type { WebSocketSession } from "../../src/session/web-socket-session.ts";
import { show } from "./pipe-transport.ts";
import { checkAllSettled, open, openRaw, rejectionOf, stateOf, story, turn } from "./support.ts";

afterEach(checkAllSettled);

describe("a full channel with onOverflow: close", () => {
  test("incoming: what is there stays, the peer is told and waited for", async () => {
    const opened = open({ incoming: bounded({ messages: 1, onOverflow: "close" }), closeTimeout: 300 });
    opened.peer.texts("one", "two", "three");
    await turn();
    expect(await stateOf(opened.session.closeReason)).toBe("fulfilled");
    expect(await stateOf(opened.session.ended)).toBe("pending");
    await opened.clock.advance(200);
    opened.peer.close(1011);
    await turn();
    await opened.clock.advance(99);
    expect(await stateOf(opened.session.ended), "the peer's answer does not put the end off").toBe("pending");
    await opened.clock.advance(1);
    expect(await story(opened)).toMatchObject({
      wire: ["close 1011 incoming channel overflowed"],
      closeReason: "1011 incoming channel overflowed",
      incoming: "text one, ChannelOverflowError",
      outgoing: "ChannelOverflowError",
      ended: {
        clean: true,
        received: "1011",
        initiator: "local",
        error: "ChannelOverflowError",
        discarded: 2,
      },
    });
    const { error } = await opened.session.ended;
    expect(String(error)).toContain("(1 messages or Infinity bytes)");
    expect(error).toMatchObject({ phase: "open", url: "ws://example.org/" });
  });

  test.each([
    [
      "for await",
      async (session: WebSocketSession, seen: string[]) => {
        for await (const frame of session.incoming) seen.push(show(frame));
      },
    ],
    [
      "batches",
      async (session: WebSocketSession, seen: string[]) => {
        for await (const batch of session.incoming.batches()) seen.push(...batch.map(show));
      },
    ],
    [
      "an echo",
      async (session: WebSocketSession, seen: string[]) => {
        for await (const frame of session.incoming) {
          await session.send(frame);
          seen.push(show(frame));
        }
      },
    ],
  ])("incoming: a reader that waits survives a batch larger than the bound: %s", async (_, read) => {
    const opened = open({ incoming: bounded({ messages: 2, onOverflow: "close" }), answersClose: true });
    const { session, peer } = opened;
    const seen: string[] = [];
    const reading = read(session, seen);
    await turn();
    const texts = Array.from({ length: 50 }, (_, at) => `${at}`);
    peer.texts(...texts);
    await turn();
    expect(seen).toEqual(texts.map((text) => `text ${text}`));
    expect(await session.close()).toMatchObject({ clean: true, error: undefined, discarded: 0 });
    await reading;
  });

  test("incoming: a reader that is busy with something else does not", async () => {
    const opened = open({ incoming: bounded({ messages: 2, onOverflow: "close" }), answersClose: true });
    const { session, peer } = opened;
    const reading = (async () => {
      for await (const _ of session.incoming) await turn();
    })();
    await turn();
    peer.texts("one", "two", "three", "four");
    expect(await rejectionOf(reading)).toBeInstanceOf(ChannelOverflowError);
    expect((await session.ended).reason.code).toBe(1011);
  });

  test("incoming: a listener that cancels in the middle of it leaves no timer", async () => {
    const opened = open({ incoming: bounded({ messages: 1, onOverflow: "close" }) });
    opened.session.signal.addEventListener("abort", () => opened.session.cancel());
    opened.peer.texts("one", "two");
    expect((await opened.session.ended).error).toBeInstanceOf(ChannelOverflowError);
  });

  test("outgoing: the session ends at once", async () => {
    const opened = open({ outgoing: bounded({ messages: 1, onOverflow: "close" }) });
    opened.transport.hold();
    await opened.session.send("one");
    await turn();
    const error = await rejectionOf(opened.session.send("two"));
    expect(await story(opened)).toMatchObject({
      closeReason: "1011 outgoing channel overflowed",
      incoming: "ChannelOverflowError",
      outgoing: "ChannelOverflowError",
      ended: { clean: false, initiator: "local", unsent: 1 },
    });
    expect((await opened.session.ended).error).toBe(error);
    expect(error).toMatchObject({ phase: "open", url: "ws://example.org/" });
    expect(String(error)).toContain("(1 messages or Infinity bytes)");
  });

  test("outgoing: on a raw session that the peer has closed already only the send fails", async () => {
    const opened = openRaw({ outgoing: bounded({ messages: 1, onOverflow: "close" }), answersClose: false });
    opened.peer.close(4000);
    await turn();
    opened.transport.hold();
    await opened.session.send("one");
    expect(await rejectionOf(opened.session.send("two"))).toBeInstanceOf(ChannelOverflowError);
    opened.peer.end();
    expect(await opened.session.ended).toMatchObject({ reason: { code: 4000 }, error: undefined });
  });
});
