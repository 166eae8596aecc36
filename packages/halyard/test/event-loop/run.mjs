// SPDX-License-Identifier: Apache-2.0

/**
 * Measures how long received data keeps the event loop from everything else, in both roles, and fails where that is more than
 * `docs/event-loop.md` says. What the loop's thread has run counts, not what the machine did meanwhile, and of some runs the one in
 * which least came together: it is run again where it took too long.
 *
 *   node run.mjs [--cases REGEX] [--runs N]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cases } from "./cases.mjs";

/** Milliseconds. */
const usual = 50;

const { values: options } = parseArgs({
  options: { cases: { type: "string", default: "" }, runs: { type: "string", default: "3" } },
});

let passed = 0;
let failed = 0;
for (const [name, { use, atMost: bound = usual }] of Object.entries(cases)) {
  if (!new RegExp(options.cases).test(name)) continue;
  for (const role of use === "none" ? ["client"] : ["client", "server"]) {
    const runs = [];
    do runs.push(await measure(name, role));
    while (runs.length < Number(options.runs) && runs.at(-1).longest > bound);
    const [{ longest, elapsed, took }] = runs.toSorted((a, b) => a.longest - b.longest);
    const isKept = longest <= bound;
    if (isKept) passed++;
    else failed++;
    const figures = `${longest.toFixed(1)} ms, at most ${bound} (${elapsed.toFixed(0)} elapsed; all took ${took.toFixed(0)})`;
    process.stdout.write(`${role}, ${name}: ${figures}${isKept ? "" : "  TOO LONG"}\n`);
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** @param {string} name @param {"client" | "server"} role of the one that receives */
async function measure(name, role) {
  const [listener, other] = role === "client" ? ["peer.mjs", "receiver.mjs"] : ["receiver.mjs", "peer.mjs"];
  const first = start(listener, [name, "server"]);
  const second = start(other, [name, "client", await first.line()]);
  const measured = JSON.parse(await (role === "client" ? second : first).line());
  for (const { child } of [first, second]) child.stdin.end();
  await Promise.all([first.exited, second.exited]);
  return measured;
}

/** @param {string} program @param {string[]} args */
function start(program, args) {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, "exit");
  const line = async () => {
    const { done, value } = await lines.next();
    if (done)
      throw new Error(
        `${program} ${args.join(" ")} has told nothing, and ended with ${String(await exited)}`,
      );
    return value;
  };
  return { child, exited, line };
}
