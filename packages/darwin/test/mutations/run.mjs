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

/** @param {string} file @returns {Promise<string[]>} the tests that fail */
async function failuresOf(file) {
  const specifications = await vitest.globTestSpecifications([`${tests}${file}.test.ts`]);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const failed = testModules.flatMap((module) =>
    [...module.children.allTests("failed")].map(({ fullName }) => fullName),
  );
  if (failed.length === 0 && (unhandledErrors.length > 0 || testModules.some((module) => !module.ok())))
    throw new Error(
      `${file} could not be run: ${String(unhandledErrors[0] ?? testModules[0]?.errors()[0]?.message)}`,
    );
  return failed;
}

/** @param {import("./mutations.mjs").Mutation} mutation @returns {Promise<string | undefined>} the test that finds it */
async function finderOf(mutation) {
  const count = readFileSync(sources + mutation.file, "utf8").split(mutation.from).length - 1;
  if (count !== 1) throw new Error(`what "${mutation.what}" changes is ${count} times in ${mutation.file}`);
  current = mutation;
  vitest.invalidateFile(sources + mutation.file);
  const failures = await failuresOf(mutation.tests);
  current = undefined;
  vitest.invalidateFile(sources + mutation.file);
  return failures[0];
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
await vitest.close();
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
