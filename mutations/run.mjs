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

/**
 * Sources, and the tests that try them: none has sockets. The long comparisons of the fast path with the slow one are
 * left to that path.
 */
const areas = [
  { sources: /^protocol\/(?!whole-frames)[^/]+$/, tests: /^protocol\/(?!whole-frames|wanted-memory)[^/]+$/ },
  {
    sources: /^protocol\/whole-frames/,
    tests: /^protocol\/(?:whole-frames|wanted-memory|payload-buffer|connection)/,
  },
  { sources: /^protocol\/handshake/, tests: /^protocol\/handshake/ },
  { sources: /^session/, tests: /^session/ },
];

process.chdir(path.join(here, ".."));
const problem = install(here);
if (problem !== undefined) throw new Error(`Stryker could not be installed: ${problem}`);
const { Stryker } = await import("@stryker-mutator/core");
// Babel would print `a | (b as number) | c` without its parentheses, which is something else.
const { generatorInfosMap } = createRequire(import.meta.url)(
  path.join(here, "node_modules/@babel/generator/lib/nodes.js"),
);
generatorInfosMap.get("TSAsExpression")[2] = () => true;

for (const { sources, tests } of areas) {
  const files = scripts("src", sources).filter((file) => wanted.test(file));
  if (files.length === 0) continue;
  process.env["MUTATIONS_TESTS"] = scripts("test", tests)
    .filter((file) => file.endsWith(".test.ts"))
    .join(",");
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
  for (const file of files)
    report(
      file,
      mutants.filter((mutant) => mutant.fileName.endsWith(file)),
    );
}

/** @param {string} folder @param {RegExp} name */
function scripts(folder, name) {
  const files = readdirSync(path.join(library, folder), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts") && name.test(file))
    .map((file) => `${library}/${folder}/${file}`);
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
