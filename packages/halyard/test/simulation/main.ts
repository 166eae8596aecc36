// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    /** Runs this one, and tells what it did. */
    seed: { type: "string" },
    /** Runs so many. */
    seeds: { type: "string", default: "10000" },
    from: { type: "string", default: "0" },
  },
});
const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const start = performance.now();
let messages = 0;
let hours = 0;
let failed = 0;
for (let seed = first; seed < first + count; seed++) {
  const outcome = await simulate(seed).catch((error: unknown) => ({
    broken: [String(error)],
    log: [],
    messages: 0,
    milliseconds: 0,
  }));
  messages += outcome.messages;
  hours += outcome.milliseconds / 3_600_000;
  if (values.seed !== undefined) process.stdout.write(`${outcome.log.join("\n")}\n`);
  for (const line of outcome.broken) process.stdout.write(`seed ${seed}: ${line}\n`);
  if (outcome.broken.length > 0) failed++;
}
const seconds = ((performance.now() - start) / 1000).toFixed(1);
process.stdout.write(
  `${count} seeds, ${messages} messages, ${hours.toFixed(0)} simulated hours in ${seconds} s; ${failed} failed\n`,
);
process.exitCode = failed > 0 ? 1 : 0;
