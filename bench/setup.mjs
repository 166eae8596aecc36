// SPDX-License-Identifier: Apache-2.0
// Makes ready what the benchmark needs, once: the programs in C, the packages, the runtimes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { install, installRuntimes } from "../runtimes/install.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

/** Throws where the benchmark cannot run; runtimes that cannot be installed are left out. */
export function setUp() {
  build("server", ["server.c", "handshake.c", "handshake.h"]);
  build("load", ["load.c"]);
  const problem = install(here);
  if (problem !== undefined) throw new Error(`the packages of bench/ could not be installed: ${problem}`);
  const missing = installRuntimes();
  if (missing !== undefined) process.stderr.write(`other runtimes could not be installed: ${missing}\n`);
}

/** @param {string} name @param {string[]} files of server/ */
function build(name, files) {
  const sources = files.map((file) => path.join(here, "server", file));
  const program = path.join(here, "build", name);
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(program) && statSync(program).mtimeMs > newest) return;
  mkdirSync(path.dirname(program), { recursive: true });
  const flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"];
  const compiled = sources.filter((file) => file.endsWith(".c"));
  const { status, error, stderr } = spawnSync("gcc", [...flags, "-o", program, ...compiled], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the benchmark needs Linux and gcc: ${error?.message ?? stderr}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
