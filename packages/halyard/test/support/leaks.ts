// SPDX-License-Identifier: Apache-2.0
// What an integration test must not leave behind: sockets, servers, TLS, timers, abort listeners, warnings.
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect } from "vitest";

/** How long the event loop is given to let go of what was closed, in milliseconds. */
const patience = 3_000;

const warnings: string[] = [];
const timers = new Set<NodeJS.Timeout>();
const signals: AbortSignal[] = [];
let before: ReadonlyMap<string, number> = new Map();

/** A controller whose signal must have no listener left when the test is over. */
export function watchedController(): AbortController {
  const controller = new AbortController();
  signals.push(controller.signal);
  return controller;
}

/** How many resources of each type keep the process alive. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    // What waits for the turns that are counted here is no leak, and the runner's own pipes come and go.
    // Its timers do, too: those of the test are counted by themselves. A name that is being resolved cannot be given up.
    if (/^(Immediate|Timeout|PipeWrap|WriteWrap|MessagePort|GetAddrInfoReqWrap)$/.test(type)) continue;
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

/** Waits for a warning of the process that a test provokes; any other is taken for a fault. */
export async function nextWarning(): Promise<string | undefined> {
  await until(() => warnings.length > 0, "a warning");
  return warnings.shift();
}

/** What there is now and was not before the test. */
function handles(): string[] {
  const found = Array.from(resources())
    .filter(([type, count]) => count > (before.get(type) ?? 0))
    .map(([type, count]) => `${count - (before.get(type) ?? 0)} ${type}`);
  const listeners = signals.reduce((sum, signal) => sum + getEventListeners(signal, "abort").length, 0);
  return listeners > 0 ? [...found, `${listeners} abort listeners`] : found;
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** As many turns as bytes need from one end of a loopback connection in this process to the other. */
export async function turns(): Promise<void> {
  for (let count = 0; count < 10; count++) await turn();
}

/**
 * Lets the event loop turn until a condition holds.
 * @throws when it does not within bounded time
 */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + patience;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`it never came to this: ${what}`);
    await turn();
  }
}

async function nothingLeft(): Promise<void> {
  const end = performance.now() + patience;
  while (handles().length > 0 && performance.now() < end) await turn();
  // A timer is not waited for: it would fire in the meantime.
  await turns();
  const left = [...handles(), ...warnings];
  // One that holds no process is the platform's `fetch`, which has a clock of its own.
  const held = Array.from(timers).filter((timer) => timer.hasRef());
  if (held.length > 0) left.push(`${held.length} timers`);
  for (const timer of timers) clearTimeout(timer);
  signals.length = 0;
  warnings.length = 0;
  expect(left, "left behind by the test").toEqual([]);
}

/** Makes every timer known that is set from now on. The runner kept the platform's own function for its timers. */
function watchTimers(): void {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const watched = (callback: (...args: unknown[]) => void, milliseconds?: number, ...args: unknown[]) => {
    const fire = () => {
      timers.delete(timer);
      callback(...args);
    };
    const timer = set(fire, milliseconds);
    timers.add(timer);
    return timer;
  };
  globalThis.setTimeout = Object.assign(watched, set) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    timers.delete(timer as NodeJS.Timeout);
    clear(timer);
  };
}

/** Checks after each test of the file, passed or failed, that it has left nothing behind. */
export function checkLeaks(): void {
  watchTimers();
  // The platform would print them, those that are wanted as well; here the rest are told as faults.
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => {
    if (name !== "ExperimentalWarning") warnings.push(`${name}: ${message}`);
  });
  beforeEach(() => {
    before = resources();
  });
  afterEach(nothingLeft);
}
