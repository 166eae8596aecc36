// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import {
  type ConnectionEvent,
  ConnectionEvents,
  HttpClient,
  InvalidArgumentError,
  WebSockets,
} from "../../src/index.ts";
import { rejection } from "../support/clients.ts";
import { FakeEngine } from "./fake-engine.ts";

function make(config: Partial<ConnectionEvents.Config> = {}) {
  const events: ConnectionEvent[] = [];
  const engine = new FakeEngine();
  const client = new HttpClient(engine)
    .install(WebSockets)
    .install(ConnectionEvents, { listener: (event) => void events.push(event), ...config });
  return { events, engine, client };
}

test("a session's events come in order, with one number, and the time", async () => {
  const { events, engine, client } = make();
  let open: (() => void) | undefined;
  engine.gate = new Promise<void>((resolve) => (open = resolve));
  const opening = client.webSocketSession("ws://user:secret@h/path?ticket=secret");
  await engine.clock.advance(5);
  engine.attempt?.entered("connect");
  await engine.clock.advance(7);
  engine.attempt?.entered("upgrade");
  engine.attempt?.notice?.({ type: "answered", url: "ws://h/", status: 101 });
  await engine.clock.advance(11);
  open?.();
  const session = await opening;
  await engine.clock.advance(100);
  await session.close();
  await session.ended;
  const base = { call: 1, url: "ws://h/path?..." };
  const timings = { connect: 7, upgrade: 11, total: 23 };
  expect(events).toEqual([
    { ...base, elapsed: 0, type: "started" },
    { ...base, elapsed: 5, type: "phaseStarted", phase: "connect" },
    { ...base, elapsed: 12, type: "phaseEnded", phase: "connect", milliseconds: 7 },
    { ...base, elapsed: 12, type: "phaseStarted", phase: "upgrade" },
    { ...base, elapsed: 12, type: "answered", url: "ws://h/", status: 101 },
    { ...base, elapsed: 23, type: "phaseEnded", phase: "upgrade", milliseconds: 11 },
    { ...base, elapsed: 23, type: "opened", subprotocol: "", timings },
    { ...base, elapsed: 123, type: "closed", code: 1000, clean: true, initiator: "local" },
  ]);
  expect(session.call.timings).toEqual(timings);
});

test("calls are counted over all clients that came of one by install", async () => {
  const { events, client } = make();
  await client.webSocketSession("ws://a/");
  await client.install(WebSockets, {}).webSocketSession("ws://b/");
  await client.webSocketSession("ws://c/");
  expect(events.filter(({ type }) => type === "opened").map(({ call, url }) => [call, url])).toEqual([
    [1, "ws://a/"],
    [2, "ws://b/"],
    [3, "ws://c/"],
  ]);
});

test("a call that fails does so once, whatever its engine says later", async () => {
  const { events, engine, client } = make();
  let fail: ((error: Error) => void) | undefined;
  engine.gate = new Promise((_, reject) => (fail = reject));
  const aborting = new AbortController();
  const failing = rejection(client.webSocketSession({ url: "ws://h/", signal: aborting.signal }));
  aborting.abort(new RangeError("the user's own secret"));
  await failing;
  fail?.(new Error("too late"));
  await engine.clock.advance(1);
  expect(events.map(({ type }) => type)).toEqual(["started", "failed"]);
  expect(events[1]).toMatchObject({
    failure: { name: "RangeError" },
    phase: undefined,
    timings: { total: 0 },
  });
  expect(JSON.stringify(events)).not.toContain("secret");
});

test("the reason of an abort is not touched", async () => {
  const { engine, client } = make();
  engine.gate = new Promise(() => undefined);
  const aborting = new AbortController();
  const failing = rejection(client.webSocketSession({ url: "ws://h/", signal: aborting.signal }));
  const reason = Object.freeze(new InvalidArgumentError("the caller's own"));
  aborting.abort(reason);
  expect(await failing).toBe(reason);
});

test("a listener that throws, or whose promise rejects, hurts nobody (LG-03)", async () => {
  const told: unknown[] = [];
  const { client } = make({
    listener: (event) => {
      if (event.type === "opened") return Promise.reject(new Error("later"));
      throw new Error(event.type);
    },
    onError: (error, event) => {
      told.push([(error as Error).message, event.type]);
      throw new Error("onError, too");
    },
  });
  const session = await client.webSocketSession("ws://h/");
  await session.close();
  await session.ended;
  await new Promise(setImmediate);
  expect(told).toEqual(
    expect.arrayContaining([
      ["started", "started"],
      ["later", "opened"],
      ["closed", "closed"],
    ]),
  );
  expect(client.plugin(ConnectionEvents).failures).toBe(told.length * 2);
});

test.each([{}, { listener: 5 }, { listener: () => undefined, onError: 5 }, { listen: 5 }])(
  "%j cannot be installed",
  (config) => {
    const install = () => new HttpClient(new FakeEngine()).install(ConnectionEvents, config as never);
    expect(install).toThrow(InvalidArgumentError);
  },
);

test("an engine is not asked to tell what nobody wants to know", async () => {
  const engine = new FakeEngine();
  await new HttpClient(engine).install(WebSockets).webSocketSession("ws://h/");
  expect(engine.attempt?.notice).toBeUndefined();
});
