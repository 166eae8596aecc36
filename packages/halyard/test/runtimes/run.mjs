// SPDX-License-Identifier: Apache-2.0

/**
 * Runs the package as it is built on every runtime: the engine contract in each mode, and tests of the sources by vitest.
 *
 *   node run.mjs [--contract REGEX] [--sources REGEX]   runtimes by their names; nothing by '^$'
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runtimes, runtimeVersions } from "../../../../runtimes/commands.mjs";
import { installRuntimes } from "../../../../runtimes/install.mjs";
import { modes } from "./modes.mjs";
import { packageCopy } from "./package-copy.mjs";
import { run } from "./processes.mjs";
import { listTests, runSources } from "./sources.mjs";

/** What a runtime that has all of Cio's capabilities must have run. No runtime lacks one. */
const contractCases = 41;

const { values: options } = parseArgs({
  options: {
    contract: { type: "string", default: "" },
    // On each a minute and more.
    sources: { type: "string", default: "^(?:node26|bun|deno)$" },
  },
});
let passed = 0;
let failed = 0;

/** @param {string} what @param {number} good @param {string[]} failures @param {number} began */
function count(what, good, failures, began) {
  passed += good;
  failed += failures.length;
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  print(`${what}: ${good} passed, ${failures.length} failed, in ${seconds} s`);
  for (const failure of failures) print(failure.replaceAll(/^/gm, "    "));
}

const problem = installRuntimes();
if (problem !== undefined) throw new Error(`the runtimes could not be installed: ${problem}`);
const versions = runtimeVersions();
await contract(matching(options.contract));
await sources(matching(options.sources));
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** @param {string} pattern */
function matching(pattern) {
  const wanted = Object.keys(runtimes).filter((name) => new RegExp(pattern).test(name));
  const missing = wanted.filter((name) => !(name in versions));
  if (missing.length > 0) throw new Error(`these do not run here: ${missing.join(", ")}`);
  return wanted;
}

async function contract(names) {
  const programs = [new URL("contract.mjs", import.meta.url)];
  const server = await startServer();
  try {
    for (const mode of Object.keys(modes)) {
      const cwd = packageCopy(programs, mode);
      for (const name of names) {
        const began = Date.now();
        const output = await run(name, ["in-mode.mjs", mode, "contract.mjs", server.url], { cwd });
        const { names: cases = [], failures = [output.all] } = output.result ?? {};
        if (cases.length !== contractCases)
          failures.push(`${cases.length} cases were run, ${contractCases} were expected`);
        const good = Math.max(0, cases.length - failures.length);
        count(`contract, ${name} ${versions[name]} ${modes[mode]}`, good, failures, began);
      }
    }
  } finally {
    await server.stop();
  }
}

async function sources(names) {
  const all = names.length > 0 ? await listTests() : [];
  for (const name of names) {
    const began = Date.now();
    const verdict = await runSources(name, all);
    count(`tests of the sources, ${name} ${versions[name]}`, verdict.passed, verdict.failures, began);
    for (const [reason, left] of verdict.leftOut) print(`    left out: ${left} tests: ${reason}`);
  }
}

/** The server of the contract, on this Node, in a process of its own. */
async function startServer() {
  const program = fileURLToPath(new URL("contract-server.mjs", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const { value: url, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (done) throw new Error("the server did not start");
  const stop = async () => {
    child.stdin.end();
    await exited;
  };
  return { url, stop };
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
