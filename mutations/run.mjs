// SPDX-License-Identifier: Apache-2.0
/**
 * Puts one fault after the other into the sources of the protocol and the session, each of which a test should find.
 *
 *   node run.mjs [SOURCES] [TESTS]
 *
 * Both are regular expressions of paths. Fewer tests are faster, and find less.
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "../runtimes/install.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const library = "packages/halyard";
const [sources, tests] = process.argv.slice(2, 4).map((each) => new RegExp(each));

/** The sources of a folder, and the tests that try them: all that need no socket. */
const folders = {
  protocol: ["protocol"],
  "protocol/handshake": ["protocol/handshake"],
  session: ["session", "streams", "converters"],
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

for (const [folder, testFolders] of Object.entries(folders)) {
  const files = filesIn("src", folder, ".ts").filter((file) => sources?.test(file) ?? true);
  if (files.length === 0) continue;
  const tried = testFolders
    .flatMap((each) => filesIn("test", each, ".test.ts"))
    .filter((file) => tests?.test(file) ?? true);
  process.env["MUTATIONS_TESTS"] = tried.join(",");
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
