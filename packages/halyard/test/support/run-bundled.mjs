// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/**
 * Runs a program in TypeScript against the sources: no Node that is supported reads all of their syntax.
 * @param {string} entry a path
 */
export async function runBundled(entry) {
  const folder = await mkdtemp(path.join(tmpdir(), "halyard-"));
  const outfile = path.join(folder, "program.mjs");
  try {
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      conditions: ["@halyard/source"],
      target: "es2022",
      logLevel: "error",
    });
    await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}
