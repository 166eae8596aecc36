// SPDX-License-Identifier: Apache-2.0
// The package as a user has it: packed, in the `node_modules` of a folder outside of the checkout. Programs that are copied beside
// it import it by its name on every runtime, and run in a mode.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const library = fileURLToPath(new URL("../../", import.meta.url));
const shim = "one-byte-net.mjs";

/**
 * Makes such a folder, which goes away with this process. The build must be there.
 * @param {URL[]} programs files to copy into it
 * @param {string} mode of those that will run there; for `one-byte` the package's sockets read through `one-byte-net.mjs`
 * @returns {string} its path
 */
export function packageCopy(programs, mode) {
  const folder = mkdtempSync(path.join(tmpdir(), "halyard-runtimes-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const home = path.join(folder, "node_modules", "halyard");
  mkdirSync(home, { recursive: true });
  const packed = mustRun("npm", ["pack", "--silent", "--pack-destination", folder, library]).trim();
  mustRun("tar", ["-xzf", path.join(folder, packed), "-C", home, "--strip-components=1"]);
  // Without it Deno asks a registry.
  const manifest = { private: true, type: "module", dependencies: { halyard: "*" } };
  writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
  const modes = ["in-mode.mjs", "modes.mjs"].map((file) => new URL(file, import.meta.url));
  for (const program of [...modes, ...programs])
    cpSync(program, path.join(folder, path.basename(fileURLToPath(program))));
  if (mode === "one-byte") readByteByByte(path.join(home, "dist"));
  return folder;
}

/** There is no way to put something in the place of `node:net` that all runtimes have. @param {string} dist */
function readByteByByte(dist) {
  cpSync(new URL(shim, import.meta.url), path.join(dist, shim));
  let importers = 0;
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    const file = path.join(dist, name);
    const text = readFileSync(file, "utf8");
    const replaced = text.replaceAll(
      'from "node:net"',
      `from "./${path.relative(path.dirname(file), path.join(dist, shim))}"`,
    );
    if (replaced === text) continue;
    writeFileSync(file, replaced);
    importers++;
  }
  if (importers === 0) throw new Error("nothing of the package imports node:net");
}

/** @param {string} command @param {string[]} args */
function mustRun(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ended with ${error?.message ?? status}: ${stderr}`);
  return stdout;
}
