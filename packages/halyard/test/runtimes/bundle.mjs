// SPDX-License-Identifier: Apache-2.0
// Programs as bundlers make them for platforms that cannot look for packages.
import path from "node:path";
import { build } from "esbuild";

/**
 * Bundles a program that lies beside a package's copy. A `node:` import fails it: there is none on these platforms.
 * @param {string} entry a path
 * @param {"browser" | "workerd"} condition of the exports map
 * @returns {Promise<string>} where the bundle is
 */
export async function bundle(entry, condition) {
  const outfile = path.join(path.dirname(entry), `${path.basename(entry, ".mjs")}.${condition}.js`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: condition === "browser" ? "browser" : "neutral",
    conditions: [condition],
    target: "es2022",
    logLevel: "silent",
  });
  return outfile;
}
