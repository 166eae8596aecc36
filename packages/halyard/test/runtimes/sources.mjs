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

/** What comes of a file that was not run. @type {{ passed: number, failed: string[] }} */
const nothing = { passed: 0, failed: [] };

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
 * @returns {Promise<{ passed: number, failures: string[], leftOut: Map<string, number>, again: string[] }>} `leftOut` by
 * reason, `again` the files that were not run to their end at first
 */
export async function runSources(runtime, all) {
  const rules = leftOut[runtime] ?? [];
  const failures = [];
  const counts = new Map();
  const due = new Set(all);
  for (const { file, test = "", reason } of rules) {
    const matched = all.filter((each) => each.file === file && new RegExp(test).test(each.name));
    if (matched.length === 0) failures.push(`nothing is left out by ${file} ${test}`);
    for (const each of matched) due.delete(each);
    counts.set(reason, (counts.get(reason) ?? 0) + matched.length);
  }
  const files = new Map();
  for (const each of due) files.set(each.file, (files.get(each.file) ?? 0) + 1);
  const ran = await resultsOf(runtime, rules, []);
  // A runtime that dies takes its file with it, and vitest's report says nothing of that: once may be the runtime's fault.
  const again = [...files.keys()].filter((file) => {
    const { passed, failed } = ran.get(file) ?? nothing;
    return failed.length === 0 && passed < files.get(file);
  });
  if (again.length > 0)
    for (const [file, result] of await resultsOf(runtime, rules, again)) ran.set(file, result);
  let passed = 0;
  for (const [file, expected] of files) {
    const result = ran.get(file) ?? nothing;
    passed += result.passed;
    failures.push(...result.failed.map((failure) => `${file}: ${failure}`));
    const count = result.passed + result.failed.length;
    if (count !== expected) failures.push(`${file}: ${count} of ${expected} tests were run`);
  }
  return { passed, failures, leftOut: counts, again };
}

/**
 * @param {string} runtime
 * @param {{ file: string, test?: string }[]} rules
 * @param {string[]} files none for all
 * @returns {Promise<Map<string, { passed: number, failed: string[] }>>} by file
 */
async function resultsOf(runtime, rules, files) {
  const args = ["run", ...files, ...filters(rules), `--testTimeout=${testTimeout}`, "--reporter=json"];
  const { testResults } = await vitestOn(runtime, args, "--outputFile");
  return new Map(
    testResults.map(({ name, status, message, assertionResults }) => {
      const failed = assertionResults
        .filter((each) => each.status === "failed")
        .map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages[0]?.slice(0, 500)}`);
      if (status === "failed" && failed.length === 0) failed.push(message);
      const passed = assertionResults.filter((each) => each.status === "passed").length;
      return [path.relative(tests, name), { passed, failed }];
    }),
  );
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
