// SPDX-License-Identifier: Apache-2.0

/**
 * Runs the package as it is built on every runtime: the engine contract in each mode with Cio, and with Js; and tests of the
 * sources by vitest.
 *
 *   node run.mjs [--contract REGEX] [--js REGEX] [--sources REGEX]   runtimes by their names; nothing by '^$'
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { runtimes, runtimeVersions, versionOf, workerd } from "../../../../runtimes/commands.mjs";
import { installRuntimes } from "../../../../runtimes/install.mjs";
import { bundle } from "./bundle.mjs";
import { capabilityComplaints } from "./capabilities.mjs";
import { expectedCases, verdict } from "./js-verdict.mjs";
import { modes } from "./modes.mjs";
import { packageCopy } from "./package-copy.mjs";
import { run } from "./processes.mjs";
import { startServer } from "./servers.mjs";
import { listTests, runSources } from "./sources.mjs";
import { Tally } from "./tally.mjs";
import { askWorker } from "./workerd.mjs";

/** What a runtime that has all of Cio's capabilities must have run. No runtime lacks one. */
const contractCases = 42;

const { values: options } = parseArgs({
  options: {
    contract: { type: "string", default: "" },
    js: { type: "string", default: "" },
    // On each some minutes.
    sources: { type: "string", default: "^(?:node26|bun|deno)$" },
  },
});
const tally = new Tally();

const problem = installRuntimes();
if (problem !== undefined) throw new Error(`the runtimes could not be installed: ${problem}`);
const versions = { ...runtimeVersions(), workerd: versionOf(workerd) };
await contract(matching(Object.keys(runtimes), options.contract));
await js(matching(["node22", "node24", "node26", "bun", "deno", "workerd"], options.js));
await sources(matching(Object.keys(runtimes), options.sources));
tally.end();

/** @param {string[]} names @param {string} pattern */
function matching(names, pattern) {
  const wanted = names.filter((name) => new RegExp(pattern).test(name));
  const missing = wanted.filter((name) => versions[name] === undefined);
  if (missing.length > 0) throw new Error(`these do not run here: ${missing.join(", ")}`);
  return wanted;
}

async function contract(names) {
  const programs = ["contract.mjs", "cases.mjs"].map((file) => new URL(file, import.meta.url));
  const server = await startServer("contract-server.mjs");
  try {
    for (const mode of Object.keys(modes)) {
      const cwd = packageCopy(programs, mode);
      for (const name of names) {
        const began = Date.now();
        const output = await run(name, ["in-mode.mjs", mode, "contract.mjs", server.line], { cwd });
        const { names: cases = [], failures = [output.all], capabilities = [] } = output.result ?? {};
        failures.push(...capabilityComplaints("Cio", "Node, Bun, Deno", capabilities));
        if (cases.length !== contractCases)
          failures.push(`${cases.length} cases were run, ${contractCases} were expected`);
        const good = Math.max(0, cases.length - failures.length);
        tally.count(`contract, ${name} ${versions[name]} ${modes[mode]}`, good, failures, began);
      }
    }
  } finally {
    await server.stop();
  }
}

async function js(names) {
  const files = [
    "js.mjs",
    "worker.mjs",
    "js-suite.mjs",
    "cases.mjs",
    "hostile.mjs",
    "hostile-cases.mjs",
    "platform-cases.mjs",
  ];
  const cwd = packageCopy(
    files.map((file) => new URL(file, import.meta.url)),
    "plain",
  );
  const server = await startServer("contract-server.mjs");
  const hostile = await startServer("hostile-server.mjs");
  try {
    for (const name of names) {
      for (const way of Object.keys(expectedCases[name])) {
        const began = Date.now();
        const question = { contract: server.line, hostile: JSON.parse(hostile.line), way };
        const output =
          name === "workerd"
            ? await askWorker(await bundle(path.join(cwd, "worker.mjs"), "workerd"), question)
            : await run(name, ["js.mjs", JSON.stringify(question)], { cwd });
        const { good, failures } = verdict(name, way, output);
        tally.count(`Js, ${name} ${versions[name]}, ${way}`, good, failures, began);
      }
    }
  } finally {
    await hostile.stop();
    await server.stop();
  }
}

async function sources(names) {
  const all = names.length > 0 ? await listTests() : [];
  for (const name of names) {
    const began = Date.now();
    const ran = await runSources(name, all);
    tally.count(`tests of the sources, ${name} ${versions[name]}`, ran.passed, ran.failures, began);
    for (const file of ran.again) tally.print(`    run again, since it was not run to its end: ${file}`);
    for (const [reason, left] of ran.leftOut) tally.print(`    left out: ${left} tests: ${reason}`);
  }
}
