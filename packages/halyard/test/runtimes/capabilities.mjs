// SPDX-License-Identifier: Apache-2.0
// What each engine says on each platform that it can do, as `capabilities.json` has it, of which the table in docs/engines.md is made.
import { readFileSync } from "node:fs";

/** @type {Record<string, Record<string, string[]>>} */
const known = JSON.parse(readFileSync(new URL("capabilities.json", import.meta.url), "utf8"));

/**
 * @param {"Cio" | "Js" | "OkHttp"} engine @param {string} where @param {readonly string[]} found
 * @returns {string[]} what is wrong
 */
export function capabilityComplaints(engine, where, found) {
  const wanted = known[engine]?.[where] ?? [];
  if (found.toSorted().join() === wanted.toSorted().join()) return [];
  return [
    `${engine} on ${where} says that it can ${found.join(", ")}; capabilities.json says ${wanted.join(", ")}`,
  ];
}
