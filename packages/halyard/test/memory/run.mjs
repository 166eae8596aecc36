// SPDX-License-Identifier: Apache-2.0

/**
 * Measures what sessions hold in memory, each case in fresh processes, and fails where that is more than the docs say.
 * Needs Linux: 20,000 file descriptors, and the peak memory of a process as `/proc` and `getrusage` tell it.
 *
 *   node run.mjs [NAME...]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cases } from "./cases.mjs";

const wanted = process.argv.slice(2);
const side = fileURLToPath(new URL("side.mjs", import.meta.url));
const minute = 60_000;

let passed = 0;
let failed = 0;
for (const [name, { heapMiB, bounds }] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const measured = await measure(name, heapMiB);
  for (const [what, bound] of Object.entries(bounds)) {
    const value = measured[what];
    const isKept = value <= bound;
    if (isKept) passed++;
    else failed++;
    const verdict = isKept ? "" : "  TOO MUCH";
    process.stdout.write(`${name}: ${what} ${value?.toFixed(1)}, at most ${bound}${verdict}\n`);
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** Runs one case: a server, and a client that is told its port. Both print what they have measured. */
async function measure(name, heapMiB) {
  const server = start("server", name, heapMiB, []);
  const { port } = await server.next();
  const client = start("client", name, heapMiB, [String(port)]);
  const measured = {};
  Object.assign(measured, await client.next());
  // The client keeps its sessions open meanwhile.
  server.child.stdin.end();
  Object.assign(measured, await server.next());
  client.child.stdin.end();
  await Promise.all([client.exited, server.exited]);
  return measured;
}

function start(role, name, heapMiB, more) {
  const args = [
    "--expose-gc",
    ...(heapMiB ? [`--max-old-space-size=${heapMiB}`] : []),
    side,
    role,
    name,
    ...more,
  ];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"], timeout: 5 * minute });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, "exit").then(([code, signal]) => {
    if (code !== 0) throw new Error(`${name}: the ${role} ended with ${code ?? signal}`);
  });
  exited.catch(() => (process.exitCode = 1));
  const next = async () => {
    const { done, value } = await lines.next();
    if (done) throw await exited.then(() => new Error(`${name}: the ${role} has measured nothing`));
    return JSON.parse(value);
  };
  return { child, exited, next };
}
