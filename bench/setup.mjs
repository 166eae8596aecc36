// SPDX-License-Identifier: Apache-2.0
// Makes ready what the benchmark needs, once: the server, the packages, the runtimes. Each of the last two has a lockfile of its own.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

/** Throws where the benchmark cannot run; runtimes that cannot be installed are left out. */
export function setUp() {
  buildServer();
  const problem = install(here);
  if (problem !== undefined) throw new Error(`the packages of bench/ could not be installed: ${problem}`);
  const missing = install(path.join(here, "runtimes"));
  if (missing !== undefined) process.stderr.write(`other runtimes could not be installed: ${missing}\n`);
}

function buildServer() {
  const sources = ["server.c", "handshake.c", "handshake.h"].map((file) => path.join(here, "server", file));
  const program = path.join(here, "build", "server");
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs > newest) return;
  mkdirSync(path.dirname(program), { recursive: true });
  const flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"];
  const compiled = sources.filter((file) => file.endsWith(".c"));
  const { status, error, stderr } = spawnSync("gcc", [...flags, "-o", program, ...compiled], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the server needs Linux and gcc: ${error?.message ?? stderr}`);
}

/**
 * Installs what a folder's lockfile says, unless it is there. No package runs a script.
 * @param {string} folder
 * @returns {string | undefined} what went wrong
 */
function install(folder) {
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

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
