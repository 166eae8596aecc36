// SPDX-License-Identifier: Apache-2.0
// Runs the engine contract with Cio and prints what came of it as a line of JSON: node contract.mjs URL
import { Cio } from "halyard/cio";
import { engineContract } from "halyard/testing";

const [url] = process.argv.slice(2);

/** Of each case; with one byte a read, the largest message alone takes seconds. */
const patience = 60_000;
const failures = [];
const cases = engineContract(() => Cio.create(), url);
for (const { name, run } of cases) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${patience} ms`)), patience);
  });
  await Promise.race([run(), late]).catch((error) => failures.push(`${name}: ${error?.stack ?? error}`));
  clearTimeout(timer);
}
const result = { names: cases.map(({ name }) => name), failures };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
