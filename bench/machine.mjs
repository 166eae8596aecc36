// SPDX-License-Identifier: Apache-2.0
// What a result depends on besides the code.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { runtimeVersions } from "../runtimes/commands.mjs";

export function machine() {
  const [cpu] = os.cpus();
  return {
    cpu: cpu?.model.trim() ?? "unknown",
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    architecture: os.arch(),
    load: os.loadavg()[0],
  };
}

/** @returns {Record<string, string>} */
export function versions() {
  const { resolve } = createRequire(import.meta.url);
  /** @param {string} name */
  const versionOf = (name) => JSON.parse(readFileSync(resolve(`${name}/package.json`), "utf8")).version;
  const packages = ["halyard", "ws", "bufferutil", "undici"];
  return { ...runtimeVersions(), ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])) };
}
