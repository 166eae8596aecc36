// SPDX-License-Identifier: Apache-2.0
// The client's process, started by `run.mjs`.
import { getEventListeners, setMaxListeners } from "node:events";
import { activities, longLived } from "./activities.mjs";
import { flood } from "./flood.mjs";
import { held } from "./resources.mjs";
import { answer } from "./worker.mjs";

/** Of that many sessions one is kept when a leak is planted. */
const planted = 20;

const { signal } = new AbortController();
// More sessions than the platform expects have it at the same time.
setMaxListeners(100, signal);
/** @type {string[]} */
const failures = [];
process.on("warning", ({ name, message }) => failures.push(`${name}: ${message}`));
const leaked = new Set();
/** @type {import("./activities.mjs").Surroundings} */
let around;
/** @type {import("halyard").WebSocketSession[]} */
let open = [];
let sessions = 0;

/** One cycle: every activity once, all at the same time. */
async function cycle() {
  await Promise.all(
    Object.entries(activities).map(async ([name, run]) => {
      try {
        await run(around);
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }),
  );
}

/** Sends a message of its own in each session, and counts those that come back. */
async function echoAll(among) {
  const answers = await Promise.all(
    among.map(async (session, at) => {
      await session.send(`message ${at}`);
      return (await session.incoming.receive()).readText() === `message ${at}`;
    }),
  );
  return answers.filter(Boolean).length;
}

answer({
  held,
  begin: ({ leaks, ...server }) => {
    const seen = (session) => {
      if (++sessions % planted === 0 && leaks) leaked.add(session);
    };
    around = { ...server, signal, clients: longLived(server.ca), seen };
  },
  /** Runs cycles for that many milliseconds, and tells what has come of them. */
  work: async (milliseconds) => {
    const end = performance.now() + milliseconds;
    let cycles = 0;
    do {
      await cycle();
      cycles++;
    } while (performance.now() < end);
    const listeners = getEventListeners(signal, "abort").length;
    return { cycles, sessions, listeners, failures: failures.splice(0) };
  },
  flood: (milliseconds) => flood(around.clients.quiet, around.ports.plain, milliseconds),
  open: async (count) => {
    const url = `ws://127.0.0.1:${around.ports.plain}/echo`;
    let answers = 0;
    while (open.length < count) {
      const size = Math.min(100, count - open.length);
      const more = await Promise.all(
        Array.from({ length: size }, () => around.clients.quiet.webSocketSession(url)),
      );
      answers += await echoAll(more);
      open.push(...more);
    }
    return answers;
  },
  echoAll: () => echoAll(open),
  closeAll: async () => {
    const ends = await Promise.all(open.map((session) => session.close()));
    open = [];
    return ends.filter(({ clean, reason }) => clean && reason.code === 1000).length;
  },
  close: () => Promise.all(Object.values(around.clients).map((client) => client.close())),
});
