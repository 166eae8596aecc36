// SPDX-License-Identifier: Apache-2.0
// What clients run on: the Node that runs the benchmark, and those that `setup.mjs` has installed beside it.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @param {string} file */
const installed = (file) => fileURLToPath(new URL(`runtimes/node_modules/${file}`, import.meta.url));
const nodeArgs = ["--expose-gc"];
/** @param {string} file */
const node = (file) => ({ command: installed(file), args: nodeArgs });

/** @type {Record<"node" | "node22" | "node24" | "node26" | "bun" | "deno", { command: string, args: string[] }>} */
export const runtimes = {
  node: { command: process.execPath, args: nodeArgs },
  node22: node("node22/bin/node"),
  node24: node("node24/bin/node"),
  node26: node("node26/bin/node"),
  bun: { command: installed("@oven/bun-linux-x64/bin/bun"), args: ["--no-install"] },
  deno: {
    command: installed("@deno/linux-x64-glibc/deno"),
    args: ["run", "--allow-all", "--no-config", "--no-lock", "--v8-flags=--expose-gc"],
  },
};

/**
 * The versions of those that run here. The others are not in it.
 * @returns {Record<string, string>}
 */
export function runtimeVersions() {
  /** @type {Record<string, string>} */
  const versions = {};
  for (const [name, { command }] of Object.entries(runtimes)) {
    if (!existsSync(command)) continue;
    try {
      const said = execFileSync(command, ["--version"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      versions[name] = /\d+\.\d+\.\d+\S*/.exec(said)?.[0] ?? said.trim();
    } catch {
      // Built for another system: as good as missing.
    }
  }
  return versions;
}
