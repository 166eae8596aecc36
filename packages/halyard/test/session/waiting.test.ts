// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { Deferred, done, observe, unlessAborted } from "../../src/session/waiting.ts";
import { rejectionOf, turn } from "./support.ts";

const reason = new Error("given up");

test("a deferred promise settles as it is told to", async () => {
  const resolved = new Deferred<number>();
  resolved.resolve(1);
  expect(await resolved.promise).toBe(1);
  const rejected = new Deferred<number>();
  rejected.reject(reason);
  expect(await rejectionOf(rejected.promise)).toBe(reason);
  expect(await done).toBeUndefined();
});

test("an observed rejection is not unhandled, and who waits still gets it", async () => {
  const promise = Promise.reject(reason);
  observe(promise);
  await turn();
  expect(await rejectionOf(promise)).toBe(reason);
});

test("without an abort the promise decides", async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
  const error = new Error("broken");
  expect(await rejectionOf(unlessAborted(Promise.reject(error), signal))).toBe(error);
});

test("an abort ends the wait, and what the promise does later is nobody's concern", async () => {
  const controller = new AbortController();
  const slow = new Deferred<number>();
  const waiting = unlessAborted(slow.promise, controller.signal);
  controller.abort(reason);
  expect(await rejectionOf(waiting)).toBe(reason);
  slow.reject(new Error("unheard"));
  await turn();
});

test("a signal that has aborted before ends the wait at once", async () => {
  const never = new Deferred<number>().promise;
  expect(await rejectionOf(unlessAborted(never, AbortSignal.abort(reason)))).toBe(reason);
});

test("when both have happened the abort wins", async () => {
  const controller = new AbortController();
  const waiting = unlessAborted(Promise.resolve(1), controller.signal);
  controller.abort(reason);
  expect(await rejectionOf(waiting)).toBe(reason);
});

test("it leaves no listener behind", async () => {
  const { signal } = new AbortController();
  const slow = new Deferred<number>();
  const waiting = unlessAborted(slow.promise, signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  slow.resolve(1);
  await waiting;
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
