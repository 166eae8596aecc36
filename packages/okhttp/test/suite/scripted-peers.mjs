// SPDX-License-Identifier: Apache-2.0
// OkHttp against the scripted peers of the library's own tests: what their report says.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const report = fileURLToPath(new URL("../../../halyard/test/hostile/report.mjs", import.meta.url));

/**
 * @param {string} rows by their ids, or names of cases
 * @returns {{ names: string[], failures: string[] }}
 */
export function scriptedPeers(rows) {
  const { stdout, stderr, error, status, signal } = spawnSync(
    process.execPath,
    [report, "--okhttp", "--json", "--rows", rows],
    { encoding: "utf8", timeout: 5 * 60_000, maxBuffer: 2 ** 26 },
  );
  if (error !== undefined || !stdout.startsWith("{")) {
    const end = error?.message ?? `ended with ${signal ?? status}`;
    return { names: [], failures: [`there is no report: ${end}\n${stdout}${stderr}`] };
  }
  const { lines, faults } = JSON.parse(stdout);
  const failed = lines.filter(({ passed }) => !passed);
  return {
    names: lines.map(({ row, name }) => `${row}: ${name}`),
    failures: [...failed.map(({ row, name, errors }) => `${row}: ${name}: ${errors.join("; ")}`), ...faults],
  };
}
