// SPDX-License-Identifier: Apache-2.0
// Seeds each fault of the list into the sources and runs the tests that must find it. Ends with `N passed, N failed`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createVitest } from "vitest/node";
import { mutations } from "./mutations.mjs";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const sources = fileURLToPath(new URL("../../src/", import.meta.url));
const tests = fileURLToPath(new URL("../", import.meta.url));

/** @param {string} line */
const print = (line) => void process.stdout.write(`${line}\n`);

/** @type {import("./mutations.mjs").Mutation | undefined} */
let current;
const vitest = await createVitest(
  "test",
  // What hangs by a fault is found soon.
  { root, watch: false, bail: 1, testTimeout: 2_500, hookTimeout: 2_500, reporters: [{}], maxWorkers: 1 },
  {
    plugins: [
      {
        name: "mutation",
        enforce: "pre",
        transform(code, id) {
          if (current === undefined || id !== sources + current.file) return undefined;
          return { code: code.replace(current.from, current.to.replaceAll("$", "$$$$")), map: null };
        },
      },
    ],
  },
);

/** @param {string} file @returns {Promise<string[]>} the names of its tests that fail */
async function failuresOf(file) {
  const path = `${tests}${file}.test.ts`;
  const { unhandledErrors } = await vitest.runTestSpecifications(await vitest.globTestSpecifications([path]));
  // What it returns has the modules of all runs.
  const module = vitest.state.getTestModules().find(({ moduleId }) => moduleId === path);
  const failures = Array.from(module?.children.allTests("failed") ?? [], ({ fullName }) => fullName);
  if (failures.length === 0 && (module?.ok() !== true || unhandledErrors.length > 0))
    throw new Error(`${file} cannot be run`, { cause: unhandledErrors[0] ?? module?.errors()[0] });
  return failures;
}

/** @param {string} file of the sources @param {import("./mutations.mjs").Mutation} [mutation] */
function seed(file, mutation) {
  current = mutation;
  vitest.invalidateFile(sources + file);
}

/** @param {import("./mutations.mjs").Mutation} mutation @returns {Promise<string | undefined>} the test that finds it */
async function finderOf(mutation) {
  const { file, from, what, tests } = mutation;
  const count = readFileSync(sources + file, "utf8").split(from).length - 1;
  if (count !== 1) throw new Error(`what "${what}" changes is ${count} times in ${file}`);
  seed(file, mutation);
  const [finder] = await failuresOf(tests);
  seed(file);
  return finder;
}

let passed = 0;
let failed = 0;
for (const mutation of mutations) {
  const finder = await finderOf(mutation);
  if (finder === undefined) failed++;
  else passed++;
  print(
    `${mutation.what}: ${finder === undefined ? `MISSED by ${mutation.tests}.test.ts` : `found by "${finder}"`}`,
  );
}
// Without a fault nothing fails, also behind so many that did.
for (const file of ["socket", "pings"]) {
  const failures = await failuresOf(file);
  if (failures.length > 0) failed++;
  print(`${file}.test.ts without a fault: ${failures[0] ?? "passes"}`);
}
await vitest.close();
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
