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

/** How many cases there are. None is left out anywhere. */
const expected = { contract: 37, hostile: 83, errors: 3, session: 21, jvm: 14 };
const expectedLife = 3;

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
for (const { runtime, version } of plan) {
  const began = Date.now();
  if (found[runtime] === undefined) throw new Error(`${runtime} does not run here`);
  const classPath = classPathOf(version);
  const asked = { ...question, classPath, classes, version, wanted: options.wanted };
  // Once is enough for so many.
  const sockets = runtime === "node" && version === newest ? 500 : 100;
  const output = await run(runtime, ["suite.mjs", JSON.stringify({ ...asked, sockets })], { cwd: folder });
  const { good, failures } = verdict(output);
  const life = await lifeCases({
    runtime,
    folder,
    classPath,
    url: question.server.url,
    wanted: options.wanted,
  });
  if (options.wanted === "" && life.names.length !== expectedLife)
    failures.push(`${life.names.length} of life`);
  failures.push(...life.failures);
  const passed = good + life.names.length - life.failures.length;
  tally.count(`OkHttp ${version} in the JVM, ${runtime} ${found[runtime]}`, passed, failures, began);
}
await stop();
tally.end();

function verdict({ result, all }) {
  if (result === undefined) return { good: 0, failures: [all] };
  const failures = capabilityComplaints("OkHttp", "jvm", result.capabilities);
  let good = 0;
  for (const [part, count] of Object.entries(expected)) {
    const { names, failures: failed } = result[part];
    if (options.wanted === "" && names.length !== count)
      failures.push(`${part}: ${names.length} cases were run, ${count} were expected`);
    failures.push(...failed.map((failure) => `${part}: ${failure}`));
    good += names.length - failed.length;
  }
  return { good, failures };
}
