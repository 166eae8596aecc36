// SPDX-License-Identifier: Apache-2.0
// An example outside of the checkout, against the packed tarball, as a user has it who copies the example.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mustRun, pack, root, temporaryDirectory } from "./workspace.mjs";

/**
 * Makes such a copy, built, which goes away with this process. The library's build must be there.
 * @param {string} name
 * @returns {Promise<string>} its path
 */
export async function copyExample(name) {
  const outside = temporaryDirectory("example");
  // The same depth as in the checkout, since the echo example's tsconfig extends the workspace's.
  const copy = path.join(outside, "examples", name);
  const example = path.join(root, "examples", name);
  cpSync(example, copy, { recursive: true, filter: (file) => !/[/\\](?:node_modules|dist)$/.test(file) });
  cpSync(path.join(root, "tsconfig.base.json"), path.join(outside, "tsconfig.base.json"));
  const manifest = JSON.parse(readFileSync(path.join(copy, "package.json"), "utf8"));
  manifest.dependencies.halyard = `file:${await pack(outside)}`;
  writeFileSync(path.join(copy, "package.json"), JSON.stringify(manifest));
  await mustRun("npm", ["install", "--no-package-lock", "--ignore-scripts"], { cwd: copy });
  await mustRun("npm", ["run", "--silent", "build"], { cwd: copy });
  return copy;
}
