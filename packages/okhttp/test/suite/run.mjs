// SPDX-License-Identifier: Apache-2.0

/**
 * Runs OkHttp in the JVM: the newest version on every runtime, all versions on Node 20, and what becomes of its process; the
 * binding for NativeScript, on a double of that, with the oldest version and the newest; and the newest version in the JVM
 * against the scripted peers of the library's own tests.
 *
 *   node run.mjs [--on REGEX] [--wanted REGEX]   runs by their names, and cases by theirs
 */
import { parseArgs } from "node:util";
import { runtimes, runtimeVersions } from "../../../../runtimes/commands.mjs";
import { installRuntimes } from "../../../../runtimes/install.mjs";
import { capabilityComplaints } from "../../../halyard/test/runtimes/capabilities.mjs";
import { run } from "../../../halyard/test/runtimes/processes.mjs";
import { Tally } from "../../../halyard/test/runtimes/tally.mjs";
import { classPathOf, fetchJars, jarsOf, newest, versions } from "../../scripts/jars.mjs";
import { lifeCases } from "./life-cases.mjs";
import { scriptedPeers } from "./scripted-peers.mjs";
import { packages, servers } from "./setup.mjs";

/** How many cases there are. OkHttp 3 lacks two close codes, and what is Java's alone is run on Node 20 only. */
const expected = {
  jvm: { contract: 37, hostile: 86, errors: 3, session: 21, jvm: 15, life: 3 },
  nativescript: { contract: 36, hostile: 85, errors: 3, session: 17 },
};
/** Of the scripted peers: 213 within a session, 123 that answer a handshake. */
const expectedScripted = 336;
/** Most of the time is waiting. */
const atOnce = 4;

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

const older = versions.filter((version) => version !== newest);
const plan = [
  ...Object.keys(runtimes).map((runtime) => ({ binding: "jvm", runtime, version: newest })),
  ...older.map((version) => ({ binding: "jvm", runtime: "node", version })),
  ...[versions[0], newest].map((version) => ({ binding: "nativescript", runtime: "node", version })),
].filter((each) => new RegExp(options.on).test(Object.values(each).join(" ")));
const queue = plan.values();
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (const each of queue) await runOne(each);
  }),
);
await stop();
if (new RegExp(options.on).test(`scripted peers ${newest}`)) playScripted();
tally.end();

/** Behind the others, as its cases have deadlines. */
function playScripted() {
  const began = Date.now();
  const { names, failures } = scriptedPeers(options.wanted);
  const good = names.length - failures.length;
  if (options.wanted === "" && names.length !== expectedScripted)
    failures.push(`${names.length} cases were played, ${expectedScripted} were expected`);
  tally.count(`OkHttp ${newest}, scripted peers, ${process.version}`, good, failures, began);
}

async function runOne({ binding, runtime, version }) {
  const began = Date.now();
  if (found[runtime] === undefined) throw new Error(`${runtime} does not run here`);
  const [classPath, { wanted }] = [classPathOf(version), options];
  // Once is enough for so many.
  const sockets = binding === "jvm" && runtime === "node" && version === newest ? 500 : 100;
  // What is Java's alone has no need of every runtime.
  const features = runtime === "node" ? ["jvm", "java"] : ["jvm"];
  const asked = {
    ...question,
    features,
    classPath,
    jars: jarsOf(version),
    classes,
    version,
    wanted,
    sockets,
  };
  const program = binding === "jvm" ? "suite.mjs" : "nativescript-suite.mjs";
  const { result, all } = await run(runtime, [program, JSON.stringify(asked)], { cwd: folder });
  const life =
    binding === "jvm"
      ? { life: await lifeCases({ runtime, folder, classPath, url: question.server.url, wanted }) }
      : {};
  const { good, failures } = verdict({ binding, runtime, version }, { ...result, ...life });
  if (result === undefined) failures.push(all);
  tally.count(`OkHttp ${version}, ${binding}, ${runtime} ${found[runtime]}`, good, failures, began);
}

function verdict({ binding, runtime, version }, { capabilities = [], ...parts }) {
  const failures = capabilityComplaints("OkHttp", binding, capabilities);
  let good = 0;
  for (const [part, all] of Object.entries(expected[binding])) {
    const lacking =
      part === "hostile" && version.startsWith("3.") ? 2 : part === "jvm" && runtime !== "node" ? 5 : 0;
    const count = all - lacking;
    const { names, failures: failed } = parts[part] ?? { names: [], failures: [] };
    if (options.wanted === "" && names.length !== count)
      failures.push(`${part}: ${names.length} cases were run, ${count} were expected`);
    failures.push(...failed.map((failure) => `${part}: ${failure}`));
    good += names.length - failed.length;
  }
  return { good, failures };
}
