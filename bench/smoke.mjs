// SPDX-License-Identifier: Apache-2.0
// Whether the benchmark works: one round of a few rows, as short as can be. Every client that is named must have a result in each row
// that it takes part in; how good it is does not matter. Needs Linux and gcc.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { clients } from "./clients.mjs";
import { rows } from "./rows.mjs";

const rowNames = [
  "receive cjk 1 KiB",
  "send binary 1 KiB",
  "echo text 16 B, 64 in flight",
  "receive deflate 1 KiB JSON, context takeover",
  "connect TLS, 16 in parallel",
  "serve echo text 125 B, 50 connections with 64 in flight",
  "serve broadcast text 1 KiB to 1,000 connections",
  "import",
  "bundle size",
];
const clientNames = [
  "ws",
  "ws+bufferutil",
  "undici",
  "native@node22",
  "native@node26",
  "native@bun",
  "native@deno",
  "raw",
  "halyard",
  "halyard-batches",
  "halyard@node26",
];
const seconds = 300;

/** @param {string[]} names */
const exactly = (names) => `^(?:${names.map((name) => name.replaceAll("+", "\\+")).join("|")})$`;

const folder = mkdtempSync(path.join(tmpdir(), "halyard-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true }));
const file = path.join(folder, "results.json");
const { status, signal } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL("run.mjs", import.meta.url)),
    `--rows=${exactly(rowNames)}`,
    `--clients=${exactly(clientNames)}`,
    "--require=all",
    "--rounds=1",
    "--ms=20",
    `--json=${file}`,
  ],
  { stdio: ["ignore", "inherit", "inherit"], timeout: seconds * 1000, killSignal: "SIGKILL" },
);
if (status !== 0) throw new Error(`the benchmark ended with ${signal ?? status}`);

/** @type {import("./results.mjs").Results} */
const { samples } = JSON.parse(readFileSync(file, "utf8"));
let passed = 0;
let failed = 0;
for (const rowName of rowNames) {
  const row = rows.find(({ name }) => name === rowName);
  if (row === undefined) throw new Error(`there is no row "${rowName}"`);
  for (const clientName of clientNames) {
    const client = clients.find(({ name }) => name === clientName);
    if (client === undefined) throw new Error(`there is no client "${clientName}"`);
    if (!client.takesPart(row)) continue;
    const sample = samples.find((each) => each.row === rowName && each.client === clientName);
    if (sample?.value !== undefined && sample.value > 0) passed++;
    else {
      failed++;
      process.stdout.write(`${rowName}: ${clientName}: ${sample?.error ?? "no result"}\n`);
    }
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
