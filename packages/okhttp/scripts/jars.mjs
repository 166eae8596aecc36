// SPDX-License-Identifier: Apache-2.0
// The versions of OkHttp that the tests run, and against the oldest of which the bridge is compiled. Maven fetches them into `jars`
// from wherever this machine is configured to look; they must have the checksums that are committed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../jars/", import.meta.url));
export const versions = /** @type {const} */ (["3.14", "4.12", "5.5"]);
export const newest = "5.5";

/** The class path of a version. @param {string} version */
export function classPathOf(version) {
  return path.join(folder, version, "*");
}

/** Each jar of a version. @param {string} version */
export function jarsOf(version) {
  const names = readdirSync(path.join(folder, version)).filter((name) => name.endsWith(".jar"));
  return names.map((name) => path.join(folder, version, name));
}

/** Fetches what is missing. @throws when there is no Maven, or a jar is another than it should be */
export function fetchJars() {
  if (complaints().length === 0) return;
  const { status, error, stdout, stderr } = spawnSync("mvn", ["-B", "-q", "dependency:copy"], {
    cwd: folder,
    encoding: "utf8",
  });
  if (error !== undefined) throw new Error(`Maven is needed, and cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`mvn ended with ${status}\n${stdout}${stderr}`);
  const wrong = complaints();
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

function complaints() {
  const lines = readFileSync(path.join(folder, "sha256sums"), "utf8").trim().split("\n");
  return lines.flatMap((line) => {
    const [sum, name = ""] = line.split(/\s+/);
    const file = path.join(folder, name);
    if (!existsSync(file)) return [`${name} is missing`];
    const found = createHash("sha256").update(readFileSync(file)).digest("hex");
    return found === sum ? [] : [`${name} has the checksum ${found}`];
  });
}
