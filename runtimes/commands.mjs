// SPDX-License-Identifier: Apache-2.0
// What programs are run on: the Node that runs this, and the runtimes that `install.mjs` puts beside it.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @typedef {"node" | "node22" | "node24" | "node26" | "bun" | "deno"} Runtime */

/** @param {string} file */
const installed = (file) => fileURLToPath(new URL(`node_modules/${file}`, import.meta.url));

/**
 * Each with what its command takes before the name of a program.
 * @type {Record<Runtime, { command: string, args: string[] }>}
 */
export const runtimes = {
  node: { command: process.execPath, args: [] },
  node22: { command: installed("node22/bin/node"), args: [] },
  node24: { command: installed("node24/bin/node"), args: [] },
  node26: { command: installed("node26/bin/node"), args: [] },
  bun: { command: installed("@oven/bun-linux-x64/bin/bun"), args: ["--no-install"] },
  deno: { command: installed("@deno/linux-x64-glibc/deno"), args: ["run", "--allow-all", "--no-lock"] },
};

/** Runs no program, but serves what a configuration says. */
export const workerd = installed("@cloudflare/workerd-linux-64/bin/workerd");

/**
 * The versions of those that run here. The others are not in it.
 * @returns {Partial<Record<Runtime, string>>}
 */
export function runtimeVersions() {
  /** @type {Partial<Record<Runtime, string>>} */
  const versions = {};
  for (const name of /** @type {Runtime[]} */ (Object.keys(runtimes))) {
    const version = versionOf(runtimes[name].command);
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

/**
 * What a command says of its version; undefined when it is missing, or was built for another system.
 * @param {string} command
 */
export function versionOf(command) {
  if (!existsSync(command)) return undefined;
  try {
    const said = execFileSync(command, ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return /\d+[.-]\d+[.-]\d+\S*/.exec(said)?.[0] ?? said.trim();
  } catch {
    return undefined;
  }
}
