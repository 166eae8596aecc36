// SPDX-License-Identifier: Apache-2.0
// What the suite of the Js engine must have run: a platform that can do more runs more.
import { capabilityComplaints } from "./capabilities.mjs";

/**
 * How many cases each platform runs, with each way to make the engine that it has. They differ by capabilities alone.
 * @type {Record<string, Record<string, { contract: number, hostile: number }>>}
 */
export const expectedCases = {
  node22: { plain: { contract: 31, hostile: 88 } },
  node24: { plain: { contract: 31, hostile: 88 } },
  node26: { plain: { contract: 31, hostile: 88 } },
  bun: { plain: { contract: 35, hostile: 88 } },
  deno: { plain: { contract: 32, hostile: 86 } },
  workerd: { plain: { contract: 35, hostile: 89 }, class: { contract: 30, hostile: 85 } },
  chromium: {
    worker: { contract: 31, hostile: 88 },
    plain: { contract: 31, hostile: 88 },
    stream: { contract: 32, hostile: 88 },
  },
  firefox: { worker: { contract: 31, hostile: 87 }, plain: { contract: 31, hostile: 87 } },
};

/** The engine that a client has where it is given none. @param {string} platform */
const defaultEngine = (platform) => (/^(?:node|bun|deno)/.test(platform) ? "Cio" : "Js");

/**
 * @param {string} platform @param {string} way
 * @param {{ result?: any, all: string }} output of `runSuite`, and what else was said
 * @returns {{ good: number, failures: string[], capabilities: string[] }}
 */
export function verdict(platform, way, { result, all }) {
  if (result === undefined) return { good: 0, failures: [all], capabilities: [] };
  const failures = [];
  let good = 0;
  for (const [part, expected] of Object.entries(expectedCases[platform][way])) {
    const { names, failures: failed } = result[part];
    if (names.length !== expected)
      failures.push(`${part}: ${names.length} cases were run, ${expected} were expected`);
    failures.push(...failed);
    good += names.length - failed.length;
  }
  failures.push(
    ...capabilityComplaints("Js", way === "plain" ? platform : `${platform}, ${way}`, result.capabilities),
  );
  if (result.defaultEngine !== defaultEngine(platform))
    failures.push(`without an engine a client has ${result.defaultEngine}`);
  return { good, failures, capabilities: result.capabilities };
}
