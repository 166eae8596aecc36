// SPDX-License-Identifier: Apache-2.0
// Installs the runtimes, or any folder that has a lockfile of its own, unless that is done.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** @returns {string | undefined} what went wrong */
export const installRuntimes = () => install(fileURLToPath(new URL(".", import.meta.url)));

/**
 * Installs what a folder's lockfile says. No package runs a script.
 * @param {string} folder
 * @returns {string | undefined} what went wrong
 */
export function install(folder) {
  const lock = createHash("sha256").update(readFileSync(path.join(folder, "package-lock.json")));
  const wanted = lock.digest("hex");
  const stamp = path.join(folder, "node_modules", ".stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return undefined;
  process.stderr.write(`installing ${path.relative(process.cwd(), folder)} ...\n`);
  const { status, error, stderr } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) return error?.message ?? stderr.trim();
  writeFileSync(stamp, wanted);
  return undefined;
}
