// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { BoundedAttempt } from "../../src/client/attempt.ts";
import type { EngineConnection } from "../../src/client/engine.ts";
import { TimeoutError } from "../../src/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";
import { failure, rejection } from "../support/clients.ts";
import { FakeTransport } from "./fake-engine.ts";

const never = new Promise<never>(() => undefined);

function connection(transport = new FakeTransport()): EngineConnection {
  return { transport, subprotocol: "", extensions: [], response: { status: 101, headers: new Headers() } };
}

function drop({ transport }: ReturnType<typeof connection>): void {
  transport.dispose();
}

function make(caller?: AbortSignal) {
  const clock = new VirtualClock();
  return { clock, attempt: new BoundedAttempt({ clock, timeout: 100, caller, safeUrl: "ws://h/" }) };
}

test("gives what is made of the connection, and lets go of timer and signal before that", async () => {
  const caller = new AbortController();
  const { clock, attempt } = make(caller.signal);
  const held = await attempt.run(
    () => Promise.resolve(connection()),
    () => [clock.pending, getEventListeners(caller.signal, "abort").length],
    drop,
  );
  expect(held).toEqual([0, 0]);
});

test("binds nothing before it runs", () => {
  const caller = new AbortController();
  const { clock } = make(caller.signal);
  expect(clock.pending).toBe(0);
  expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
});

test.each([
  ["", "the handshake with ws://h/ took longer than 100 ms"],
  ["tls", "the handshake with ws://h/ took longer than 100 ms (it was at: tls)"],
] as const)("ends at the deadline, in the phase %j", async (phase, message) => {
  const { clock, attempt } = make();
  const running = failure(
    attempt.run(
      (bounds) => {
        if (phase !== "") bounds.entered(phase);
        return never;
      },
      () => undefined,
      drop,
    ),
    TimeoutError,
  );
  await clock.advance(99);
  expect(attempt.signal.aborted).toBe(false);
  await clock.advance(1);
  const error = await running;
  expect(error).toMatchObject({ milliseconds: 100, url: "ws://h/", message });
  expect(error.phase).toBe(phase === "" ? undefined : phase);
  expect(attempt.signal.reason).toBe(error);
  expect(clock.pending).toBe(0);
});

test.each(["before", "meanwhile"])("ends with the caller's own reason, given %s", async (when) => {
  const caller = new AbortController();
  const reason = {};
  if (when === "before") caller.abort(reason);
  const { clock, attempt } = make(caller.signal);
  let isAsked = false;
  const running = rejection(
    attempt.run(
      () => {
        isAsked = true;
        return never;
      },
      () => undefined,
      drop,
    ),
  );
  caller.abort(reason);
  expect(await running).toBe(reason);
  expect(isAsked).toBe(when === "meanwhile");
  expect(clock.pending).toBe(0);
  expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
});

test("drops a connection that comes too late, from an engine that does not obey", async () => {
  const { attempt } = make();
  let open: (late: EngineConnection) => void = () => undefined;
  const opening = new Promise<EngineConnection>((resolve) => {
    open = resolve;
  });
  let isMade = false;
  const running = rejection(
    attempt.run(
      () => opening,
      () => {
        isMade = true;
      },
      drop,
    ),
  );
  attempt.abort("enough");
  expect(await running).toBe("enough");
  const late = new FakeTransport();
  open(connection(late));
  await opening;
  await Promise.resolve();
  expect([isMade, late.isDisposed]).toEqual([false, true]);
});

test("drops a connection of which nothing could be made", async () => {
  const { attempt } = make();
  const transport = new FakeTransport();
  const error = new Error("no");
  const running = attempt.run(
    () => Promise.resolve(connection(transport)),
    () => {
      throw error;
    },
    drop,
  );
  expect(await rejection(running)).toBe(error);
  expect(transport.isDisposed).toBe(true);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
  ["rejects", () => Promise.reject(new Error("no"))],
])("lets go of everything when the engine %s", async (_, open) => {
  const caller = new AbortController();
  const { clock, attempt } = make(caller.signal);
  expect(await rejection(attempt.run(open, () => undefined, drop))).toMatchObject({ message: "no" });
  expect(clock.pending).toBe(0);
  expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
});

test("tells the engine without a signal: the one who listens now, with the reason, and at once when it is too late", async () => {
  const { attempt } = make();
  const told: unknown[] = [];
  const running = rejection(
    attempt.run(
      (bounds) => {
        bounds.onAbort(() => told.push("replaced"));
        bounds.onAbort((reason) => told.push(reason));
        return never;
      },
      () => undefined,
      drop,
    ),
  );
  attempt.abort("enough");
  attempt.abort("more than that");
  expect(told).toEqual(["enough"]);
  attempt.onAbort((reason) => told.push("late", reason));
  expect(told).toEqual(["enough", "late", "enough"]);
  expect(await running).toBe("enough");
});

test("tells an engine that listens no more nothing", async () => {
  const { attempt } = make();
  const told: unknown[] = [];
  const running = rejection(
    attempt.run(
      (bounds) => {
        bounds.onAbort((reason) => told.push(reason));
        bounds.onAbort(null);
        return never;
      },
      () => undefined,
      drop,
    ),
  );
  attempt.abort("enough");
  expect(await running).toBe("enough");
  expect(told).toEqual([]);
});

test("has a signal for who asks: before an abort, and after it", () => {
  const before = make().attempt;
  const { signal } = before;
  expect(signal.aborted).toBe(false);
  before.abort("enough");
  expect([signal.aborted, signal.reason, before.signal]).toEqual([true, "enough", signal]);
  const after = make().attempt;
  after.abort("enough");
  expect([after.signal.aborted, after.signal.reason]).toEqual([true, "enough"]);
});

test("an abort of the client that comes after the connection is the session's affair", async () => {
  const { attempt } = make();
  const running = attempt.run(
    () => Promise.resolve(connection()),
    () => "made",
    drop,
  );
  await Promise.resolve();
  await Promise.resolve();
  attempt.abort("enough");
  expect(await running).toBe("made");
});
