// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "../../src/session/abort-listeners.ts";

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

test("all are called back once, in order, by one listener", () => {
  const controller = new AbortController();
  const called: number[] = [];
  for (let count = 0; count < 100; count++) onAbort(controller.signal, () => called.push(count));
  expect(listeners(controller.signal)).toBe(1);
  controller.abort();
  controller.abort();
  expect(called).toEqual(Array.from({ length: 100 }, (_, count) => count));
  expect(listeners(controller.signal)).toBe(0);
});

test("who has let go is not called back, and the last of them leaves nothing", () => {
  const controller = new AbortController();
  const called: string[] = [];
  const callback = () => called.push("same");
  const releases = [onAbort(controller.signal, callback), onAbort(controller.signal, callback)];
  releases[0]?.();
  releases[0]?.();
  expect(listeners(controller.signal)).toBe(1);
  releases[1]?.();
  expect(listeners(controller.signal)).toBe(0);
  const release = onAbort(controller.signal, callback);
  controller.abort();
  expect(called).toEqual(["same"]);
  release();
});

test("who is let go of by another's callback is not called back any more", () => {
  const controller = new AbortController();
  const called: string[] = [];
  onAbort(controller.signal, () => {
    called.push("first");
    release();
  });
  const release = onAbort(controller.signal, () => called.push("second"));
  controller.abort();
  expect(called).toEqual(["first"]);
});
