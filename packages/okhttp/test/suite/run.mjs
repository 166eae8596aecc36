// SPDX-License-Identifier: Apache-2.0

/**
 * Runs OkHttp in the JVM: the newest version on every runtime, all versions on Node 20, and what becomes of its process.
 *
 *   node run.mjs [--on REGEX] [--wanted REGEX]   runs by their names, and cases by theirs
 */
import { parseArgs } from "node:util";
import { runtimes, runtimeVersions } from "../../../../runtimes/commands.mjs";
import { installRuntimes } from "../../../../runtimes/install.mjs";
import { capabilityComplaints } from "../../../halyard/test/runtimes/capabilities.mjs";
import { run } from "../../../halyard/test/runtimes/processes.mjs";
import { Tally } from "../../../halyard/test/runtimes/tally.mjs";
import { classPathOf, fetchJars, newest, versions } from "../../scripts/jars.mjs";
import { lifeCases } from "./life-cases.mjs";
import { packages, servers } from "./setup.mjs";

/** How many cases there are. OkHttp 3 lacks two close codes, and nothing else is left out anywhere. */
const expected = { contract: 37, hostile: 83, errors: 3, session: 20, jvm: 14, life: 3 };
/** Most of the time is waiting. */
const atOnce = 3;

const { values: options } = parseArgs({
  options: { on: { type: "string", default: "" }, wanted: { type: "string", default: "" } },
});
const tally = new Tally();
fetchJars();
const problem = installRuntimes();
if (problem !== undefined) throw new Error(`the runtimes could not be installed: ${problem}`);
const found = runtimeVersions();
const { folder, classes } = packages();
const { question, stop } = await servers();

const plan = [
  ...Object.keys(runtimes).map((runtime) => ({ runtime, version: newest })),
  ...versions.filter((version) => version !== newest).map((version) => ({ runtime: "node", version })),
].filter(({ runtime, version }) => new RegExp(options.on).test(`${runtime} ${version}`));
const queue = plan.values();
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (const each of queue) await runOne(each);
  }),
);
await stop();
tally.end();

async function runOne({ runtime, version }) {
  const began = Date.now();
  if (found[runtime] === undefined) throw new Error(`${runtime} does not run here`);
  const classPath = classPathOf(version);
  const { wanted } = options;
  // Once is enough for so many.
  const sockets = runtime === "node" && version === newest ? 500 : 100;
  const asked = JSON.stringify({ ...question, classPath, classes, version, wanted, sockets });
  const { result, all } = await run(runtime, ["suite.mjs", asked], { cwd: folder });
  const life = await lifeCases({ runtime, folder, classPath, url: question.server.url, wanted });
  const { good, failures } = verdict({ ...result, life }, version);
  if (result === undefined) failures.push(all);
  tally.count(`OkHttp ${version} in the JVM, ${runtime} ${found[runtime]}`, good, failures, began);
}

function verdict({ capabilities = [], ...parts }, version) {
  const failures = capabilityComplaints("OkHttp", "jvm", capabilities);
  let good = 0;
  for (const [part, all] of Object.entries(expected)) {
    const count = part === "hostile" && version.startsWith("3.") ? all - 2 : all;
    const { names, failures: failed } = parts[part] ?? { names: [], failures: [] };
    if (options.wanted === "" && names.length !== count)
      failures.push(`${part}: ${names.length} cases were run, ${count} were expected`);
    failures.push(...failed.map((failure) => `${part}: ${failure}`));
    good += names.length - failed.length;
  }
  return { good, failures };
}
