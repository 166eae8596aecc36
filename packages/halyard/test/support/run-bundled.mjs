// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/**
 * Runs a program in TypeScript against the sources: no Node that is supported reads all of their syntax.
 * @param {string} entry a path
 * @param {readonly { file: string, from: string, to: string }[]} changes of the sources, for a test of the program itself
 */
export async function runBundled(entry, changes = []) {
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
      plugins: [changed(changes)],
    });
    await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function changed(changes) {
  return {
    name: "changed",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
        const change = changes.find((each) => file.endsWith(each.file));
        if (change === undefined) return undefined;
        const source = await readFile(file, "utf8");
        if (!source.includes(change.from)) throw new Error(`${change.file} has no ${change.from}`);
        return { contents: source.replace(change.from, change.to), loader: "ts" };
      });
    },
  };
}
