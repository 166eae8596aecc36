// SPDX-License-Identifier: Apache-2.0
import { Tally } from "../runtimes/tally.mjs";

/** In milliseconds, for one case. */
const patience = 60_000;

/** Runs cases one after the other, and tells. @param {string} what @param {{ name: string, run: () => Promise<void> }[]} cases */
export async function runCases(what, cases) {
  const tally = new Tally();
  const began = Date.now();
  const failures = [];
  for (const { name, run } of cases) {
    await within(run()).catch((error) => failures.push(`${name}: ${error.stack}`));
  }
  tally.count(what, cases.length - failures.length, failures, began);
  tally.end();
}

/** @param {Promise<void>} promise */
async function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over within ${patience} ms`)), patience);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
