// SPDX-License-Identifier: Apache-2.0
// Runs the tests of the sources by vitest on another runtime: all that Node 20 has, but those that a runtime cannot pass.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { leftOut } from "./left-out.mjs";
import { run } from "./processes.mjs";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
const tests = path.join(root, "packages", "halyard", "test");
/** So that vitest's own processes are of the same runtime. */
const more = { bun: ["--bun"], deno: ["--node-modules-dir=manual"] };
const timeout = 20 * 60_000;
/** The processes of several runtimes may be at work, and some are slower with what a test does. */
const testTimeout = 60_000;

/** @typedef {{ file: string, name: string }} Test `name` with the names of what it is in, as vitest matches it */

/**
 * Every test there is, as this Node finds them.
 * @returns {Promise<Test[]>}
 */
export async function listTests() {
  const listed = await vitestOn("node", ["list"], "--json");
  return listed.map(({ name, file }) => ({
    file: path.relative(tests, file),
    name: name.replaceAll(" > ", " "),
  }));
}

/**
 * @param {keyof typeof leftOut} runtime
 * @param {Test[]} all
 * @returns {Promise<{ passed: number, failures: string[], leftOut: Map<string, number> }>} by reason
 */
export async function runSources(runtime, all) {
  const rules = leftOut[runtime] ?? [];
  const { testResults } = await vitestOn(
    runtime,
    ["run", ...filters(rules), `--testTimeout=${testTimeout}`, "--reporter=json"],
    "--outputFile",
  );
  const failures = [];
  const ran = new Map();
  let passed = 0;
  for (const { name, status, message, assertionResults } of testResults) {
    const file = path.relative(tests, name);
    const failed = assertionResults.filter((each) => each.status === "failed");
    const good = assertionResults.filter((each) => each.status === "passed").length;
    passed += good;
    ran.set(file, good + failed.length);
    for (const { fullName, failureMessages } of failed)
      failures.push(`${file}: ${fullName}\n${failureMessages[0]?.slice(0, 500)}`);
    if (status === "failed" && failed.length === 0) failures.push(`${file}: ${message}`);
  }
  const counts = new Map();
  const expected = new Set(all);
  for (const { file, test = "", reason } of rules) {
    const matched = all.filter((each) => each.file === file && new RegExp(test).test(each.name));
    if (matched.length === 0) failures.push(`nothing is left out by ${file} ${test}`);
    for (const each of matched) expected.delete(each);
    counts.set(reason, (counts.get(reason) ?? 0) + matched.length);
  }
  for (const file of new Set(all.map((each) => each.file))) {
    const due = [...expected].filter((each) => each.file === file).length;
    const count = ran.get(file) ?? 0;
    if (count !== due) failures.push(`${file}: ${count} of ${due} tests were run`);
  }
  return { passed, failures, leftOut: counts };
}

/** Vitest takes a pattern of the tests that it runs, and none of those that it does not. @param {{ file: string, test?: string }[]} rules */
function filters(rules) {
  const names = rules.flatMap(({ test }) => (test === undefined ? [] : [test]));
  const files = rules.filter(({ test }) => test === undefined).map(({ file }) => `--exclude=**/${file}`);
  return names.length === 0 ? files : [...files, `--testNamePattern=^(?!.*(?:${names.join("|")}))`];
}

/** @param {string} runtime @param {string[]} args @param {string} output the option that names a file for what comes of it */
async function vitestOn(runtime, args, output) {
  const folder = mkdtempSync(path.join(tmpdir(), "halyard-vitest-"));
  const file = path.join(folder, "tests.json");
  try {
    const all = [vitest, ...args, `${output}=${file}`];
    const { all: said } = await run(runtime, all, { cwd: root, timeout, more: more[runtime] ?? [] });
    try {
      return JSON.parse(readFileSync(file, "utf8"));
    } catch {
      throw new Error(`vitest has reported nothing on ${runtime}: ${said.slice(-2000)}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
