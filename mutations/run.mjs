// SPDX-License-Identifier: Apache-2.0
/**
 * Puts one fault after the other into the sources of the protocol and the session, each of which a test should find.
 *
 *   node run.mjs [REGEX of the source's path]
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "../runtimes/install.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const library = "packages/halyard";
const wanted = new RegExp(process.argv[2] ?? "");

/** The sources of a folder, and the tests that try them: all that need no socket. */
const folders = {
  protocol: ["protocol"],
  "protocol/handshake": ["protocol/handshake"],
  session: ["session", "streams"],
};

process.chdir(path.join(here, ".."));
const problem = install(here);
if (problem !== undefined) throw new Error(`Stryker could not be installed: ${problem}`);
const { Stryker } = await import("@stryker-mutator/core");
// Babel would print `a | (b as number) | c` without its parentheses, which is something else.
const { generatorInfosMap } = createRequire(import.meta.url)(
  path.join(here, "node_modules/@babel/generator/lib/nodes.js"),
);
generatorInfosMap.get("TSAsExpression")[2] = () => true;

for (const [folder, tests] of Object.entries(folders)) {
  const files = filesIn("src", folder, ".ts").filter((file) => wanted.test(file));
  if (files.length === 0) continue;
  process.env["MUTATIONS_TESTS"] = tests.flatMap((each) => filesIn("test", each, ".test.ts")).join(",");
  const mutants = await new Stryker({
    mutate: files,
    testRunner: "vitest",
    plugins: [
      fileURLToPath(import.meta.resolve("@stryker-mutator/vitest-runner")),
      path.join(here, "error-texts.mjs"),
    ],
    vitest: { configFile: path.join(here, "vitest.config.ts"), related: false },
    ignorers: ["error-texts"],
    ignoreStatic: true,
    coverageAnalysis: "perTest",
    concurrency: 2,
    timeoutMS: 4000,
    timeoutFactor: 2,
    reporters: ["progress-append-only"],
    tempDirName: path.join(here, ".build", "sandbox"),
    ignorePatterns: ["**", `!${library}/{src,test}/**`, `!${library}/*.json`, "!mutations/*", "!*.json"],
    allowEmpty: true,
  }).runMutationTest();
  for (const file of files) {
    const ofFile = mutants.filter(({ fileName }) => fileName.endsWith(file));
    report(file, ofFile);
  }
}

/** @param {string} kind @param {string} folder @param {string} ending */
function filesIn(kind, folder, ending) {
  const home = `${library}/${kind}/${folder}`;
  return readdirSync(home)
    .filter((file) => file.endsWith(ending))
    .map((file) => `${home}/${file}`);
}

/** @param {string} file @param {readonly import("@stryker-mutator/api/core").MutantResult[]} mutants */
function report(file, mutants) {
  const name = path.relative(`${library}/src`, file);
  const count = (/** @type {string} */ wanted) => mutants.filter(({ status }) => status === wanted).length;
  const counts = ["Killed", "Timeout", "Survived", "NoCoverage", "RuntimeError"].map(count);
  const [killed, timeouts, survived, untried] = counts;
  const all = killed + timeouts + survived + untried;
  if (all === 0) return;
  const score = ((100 * (killed + timeouts)) / all).toFixed(1);
  console.log(`| \`${name}\` | ${counts.join(" | ")} | ${score} % |`);
  for (const { status, mutatorName, location, replacement } of mutants) {
    if (status !== "Survived" && status !== "NoCoverage") continue;
    const { line, column } = location.start;
    const text = replacement.replaceAll(/\s+/g, " ").slice(0, 100);
    console.log(`    ${status} ${name}:${line}:${column} ${mutatorName}: ${text}`);
  }
}
