// SPDX-License-Identifier: Apache-2.0
/**
 * Fuzzes, guided by coverage, and writes what did something new to the corpus; see docs/reliability.md.
 *
 *   node run.mjs [--target NAME] [--seconds N]
 *   node run.mjs --planted [--seconds N]   each target must find the bug that is planted for it
 */
import { fileURLToPath } from "node:url";
import { runBundled } from "../support/run-bundled.mjs";
import { planted } from "./planted.mjs";

process.argv.push("--corpus", fileURLToPath(new URL("corpus", import.meta.url)));
const entry = fileURLToPath(new URL("main.ts", import.meta.url));
if (process.argv.includes("--planted")) {
  const given = process.argv.slice(2);
  for (const [target, bug] of Object.entries(planted)) {
    process.argv.splice(2, Infinity, ...given, "--target", target);
    await runBundled(entry, [bug]);
  }
} else {
  await runBundled(entry);
}
