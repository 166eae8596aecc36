// SPDX-License-Identifier: Apache-2.0

/**
 * Runs client and server, in processes of their own, for a long time, and fails where something is left of what is over.
 * Needs Linux: `/proc` tells what is open.
 *
 *   node run.mjs [--minutes 60]        all that happens to connections, again and again
 *   node run.mjs --minutes 2 --planted the same with a leak, which must be found
 *   node run.mjs --sessions 10000      that many sessions at once; needs as many file descriptors
 */
import { parseArgs } from "node:util";
import { leftOver, slope } from "./resources.mjs";
import { Worker } from "./worker.mjs";

const KiB = 2 ** 10;
const MiB = 2 ** 20;
/**
 * What the heap of either side may grow by in the last two thirds of a run, by its slope. Code that is still compiled comes to
 * less, however long the run; a leak grows with it.
 */
const growthBound = MiB;
/** Samples of one run, but none before that many milliseconds of work. */
const samplesWanted = 120;
const leastWork = 2_000;

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    sessions: { type: "string" },
    planted: { type: "boolean", default: false },
  },
});

let passed = 0;
let failed = 0;
const server = new Worker("server.mjs");
const client = new Worker("client.mjs");
if (options.sessions === undefined) await soak(Number(options.minutes) * 60_000);
else await manySessions(Number(options.sessions));
await Promise.all([client.stop(), server.stop()]);
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** @param {number} milliseconds */
async function soak(milliseconds) {
  const before = await heldByBoth();
  // Where nobody reads, only a ping can show the server that the client is gone.
  await begin({ pingInterval: 250 });
  const begun = await heldByBoth();
  const end = Date.now() + milliseconds;
  /** @type {{ cycles: number, client: Held, server: Held }[]} */
  const samples = [];
  /** @type {string[]} */
  const failures = [];
  const left = { client: new Set(), server: new Set() };
  let cycles = 0;
  let sessions = 0;
  let listeners = 0;
  while (Date.now() < end) {
    const work = await client.ask("work", Math.max(leastWork, milliseconds / samplesWanted));
    const open = await server.ask("idle");
    const sample = { cycles: (cycles += work.cycles), ...(await heldByBoth()) };
    samples.push(sample);
    sessions = work.sessions;
    listeners += work.listeners;
    failures.push(...work.failures);
    work.failures.forEach(print);
    for (const side of ["client", "server"])
      leftOver(begun[side], sample[side]).forEach((each) => left[side].add(each));
    if (open > 0) left.server.add(`${open} sessions`);
    const figures = ["client", "server"].map((side) => figuresOf(side, sample[side])).join("; ");
    print(`${cycles} cycles, ${sessions} sessions: ${figures}`);
  }
  await flood();
  await close();
  const after = await heldByBoth();

  check(`${cycles} cycles of ${sessions} sessions, each as expected`, failures);
  check(
    `RC-06: ${listeners} listeners stay on the signal of all`,
    listeners === 0 ? [] : ["there should be none"],
  );
  for (const side of ["client", "server"]) {
    const warm = samples.slice(Math.floor(samples.length / 3));
    const perCycle = slope(warm.map((sample) => ({ x: sample.cycles, y: sample[side].heap })));
    const growth = perCycle * (cycles - warm[0].cycles);
    const isFlat = growth <= growthBound;
    const text = `LC-09, MM-11: ${side}: the heap grows by ${perCycle.toFixed(0)} B a cycle, ${(growth / MiB).toFixed(2)} MiB`;
    if (!options.planted || side === "server") check(text, isFlat ? [] : ["something is kept"]);
    else check(`${text}, as planted`, isFlat ? ["the planted leak was not found"] : []);
    check(`CM-07, LC-09: ${side}: between cycles nothing is open`, [...left[side]]);
    check(`${side}: in the end nothing is open`, leftOver(before[side], after[side]));
  }
}

/** Is told, not judged: `npm run event-loop` does that, and this machine may have other work. */
async function flood() {
  try {
    const { messages, loop, answer } = await client.ask("flood", 5_000);
    print(`under a flood of ${messages} messages in 5 s`);
    print(`    the loop is kept for ${inMs(loop)}`);
    print(`    an answer takes ${inMs(answer)}`);
  } catch (error) {
    check("a flood", [String(error)]);
  }
}

/** @param {number} count */
async function manySessions(count) {
  const before = await heldByBoth();
  await begin({ pingInterval: 0 });
  const begun = await heldByBoth();
  checkCount(`${count} sessions are open, each with an echo`, await client.ask("open", count), count);
  checkCount(`${count} are open at the server`, await server.ask("open"), count);
  const open = await heldByBoth();
  for (const side of ["client", "server"])
    print(`${side}: ${((open[side].rss - begun[side].rss) / count / KiB).toFixed(1)} KiB a session`);
  checkCount("all echo at once", await client.ask("echoAll"), count);
  checkCount("all close at once, cleanly", await client.ask("closeAll"), count);
  checkCount("the server has none any more", await server.ask("idle"), 0);
  await close();
  const after = await heldByBoth();
  for (const side of ["client", "server"])
    check(`${side}: in the end nothing is open`, leftOver(before[side], after[side]));
}

/** @param {object} serverOptions */
async function begin(serverOptions) {
  const { ca, otherCa, ...ports } = await server.ask("listen", serverOptions);
  await client.ask("begin", { ca, otherCa, ports, leaks: options.planted });
}

async function close() {
  await client.ask("close");
  await server.ask("close");
}

/** @typedef {import("./resources.mjs").Held} Held */
async function heldByBoth() {
  return { client: await client.ask("held"), server: await server.ask("held") };
}

/** @param {string} side @param {Held} held */
function figuresOf(side, { heap, rss, files }) {
  return `${side} heap ${(heap / MiB).toFixed(2)} MiB, resident ${(rss / MiB).toFixed(0)} MiB, ${files} files`;
}

/** @param {readonly number[]} figures the median, of 100 the worst, and the worst of all */
function inMs(figures) {
  return `${figures.map((each) => each.toFixed(1)).join(", ")} ms (50 %, 99 %, most)`;
}

/** @param {string} what @param {number} count @param {number} wanted */
function checkCount(what, count, wanted) {
  check(what, count === wanted ? [] : [`${count}, not ${wanted}`]);
}

/** @param {string} what @param {readonly string[]} faults */
function check(what, faults) {
  if (faults.length === 0) passed++;
  else failed++;
  print(`${what}${faults.length === 0 ? "" : "  FAILED"}`);
  const seen = new Map();
  for (const fault of faults) seen.set(fault, (seen.get(fault) ?? 0) + 1);
  for (const [fault, times] of seen) print(`    ${times} times: ${fault}`);
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
