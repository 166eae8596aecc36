// SPDX-License-Identifier: Apache-2.0
// Compiles the bridge to `dist/java`. Needs a JDK (9 or newer) and Maven; what it makes runs on Java 8 with OkHttp 3.14 to 5.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { classPathOf, fetchJars, versions } from "./jars.mjs";

const home = fileURLToPath(new URL("../", import.meta.url));
const [sources = path.join(home, "java"), output = path.join(home, "dist", "java")] = process.argv.slice(2);

fetchJars();
const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".java"),
);
rmSync(output, { recursive: true, force: true });
const { status, error } = spawnSync(
  "javac",
  // The oldest OkHttp has nothing that the newer ones lack.
  [
    "--release",
    "8",
    "-Xlint:all,-options",
    "-Werror",
    "-cp",
    classPathOf(versions[0]),
    "-d",
    output,
    ...files,
  ],
  { cwd: sources, stdio: "inherit" },
);
if (error !== undefined) throw new Error(`a JDK is needed, and javac cannot be run: ${error.message}`);
if (status !== 0) throw new Error(`javac ended with ${status}`);
