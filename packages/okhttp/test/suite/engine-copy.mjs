// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("../../", import.meta.url));

/** Puts the packed engine into a folder that has the packed library. @param {string} folder */
export function addEngine(folder) {
  const target = path.join(folder, "node_modules", "@halyard", "okhttp");
  mkdirSync(target, { recursive: true });
  const packed = mustRun("npm", ["pack", "--silent", "--pack-destination", folder, home])
    .trim()
    .split("\n")
    .at(-1);
  mustRun("tar", ["-xzf", path.join(folder, packed ?? ""), "-C", target, "--strip-components=1"]);
  const manifest = path.join(folder, "package.json");
  const { dependencies, ...rest } = JSON.parse(readFileSync(manifest, "utf8"));
  writeFileSync(
    manifest,
    JSON.stringify({ ...rest, dependencies: { ...dependencies, "@halyard/okhttp": "*" } }),
  );
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns what it has printed
 */
export function mustRun(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", ...options });
  if (status !== 0) throw new Error(`${command} ended with ${error?.message ?? status}: ${stderr}`);
  return stdout;
}
