// SPDX-License-Identifier: Apache-2.0
// The benchmark: `npm run bench -- --help`, and docs/benchmarks.md.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { runtimeVersions } from "../runtimes/commands.mjs";
import { baseline, clients } from "./clients.mjs";
import { rows } from "./rows.mjs";
import { setUp } from "./setup.mjs";
import { failures, figureTable, ratioTable, toText } from "./tables.mjs";

const usage = `npm run bench -- [OPTIONS]

  --rows REGEX      only rows whose name matches
  --clients REGEX   only clients whose name matches, and ${baseline}
  --rounds N        how often everything is measured (5)
  --ms N            how long a measurement takes, and as long to warm up (300)
  --json FILE       writes all samples
  --from FILE       measures nothing, takes the samples of an earlier run
  --update-docs     writes table and chart into docs/
  --require all     a client whose runtime is missing is an error
  --list            the names of rows and clients
`;

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "" },
    clients: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    ms: { type: "string", default: "300" },
    json: { type: "string" },
    from: { type: "string" },
    "update-docs": { type: "boolean", default: false },
    require: { type: "string" },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (options.help) process.stdout.write(usage);
else if (options.list) list();
else await main().catch(complain);

/** @param {Error} error */
function complain(error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function main() {
  if (options.require !== undefined && options.require !== "all")
    throw new Error("--require takes nothing but all");
  const results = options.from ? JSON.parse(readFileSync(options.from, "utf8")) : await measureAll();
  if (options.json) {
    mkdirSync(path.dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
  }
  report(results);
  if (options["update-docs"]) {
    const { updateDocs } = await import("./documentation.mjs");
    updateDocs(results);
  }
}

async function measureAll() {
  const rounds = positive("rounds");
  const milliseconds = positive("ms");
  setUp();
  // Only now is there what it imports.
  const { measureRounds } = await import("./rounds.mjs");
  const available = runtimeVersions();
  const wanted = clients.filter(({ name }) => name === baseline || new RegExp(options.clients).test(name));
  const missing = wanted.filter(({ runtime }) => !(runtime in available));
  if (options.require === "all" && missing.length > 0) {
    throw new Error(`these cannot run here: ${missing.map(({ name }) => name).join(", ")}`);
  }
  const folder = mkdtempSync(path.join(tmpdir(), "halyard-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  process.once("SIGINT", () => process.exit(130));
  return await measureRounds({
    rows: rows.filter(({ name }) => new RegExp(options.rows).test(name)),
    clients: wanted.filter(({ runtime }) => runtime in available),
    missing,
    rounds,
    milliseconds,
    folder,
    progress,
  });
}

/** One line that changes, on a terminal. @param {string} text */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== "") process.stderr.write(`${text}\n`);
}

/** @param {"rounds" | "ms"} name */
function positive(name) {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a number above 0`);
  return value;
}

/** @param {import("./results.mjs").Results} results */
function report(results) {
  const width = process.stdout.columns ?? 140;
  const parts = [
    `CPU time of the client, ratio to ${baseline} (more is better; rounds: ${results.options.rounds})`,
    toText(ratioTable(results, results.clients), width),
    toText(figureTable(results, results.clients), width),
    ...failures(results).map((text) => `failed: ${text}`),
    ...Object.entries(results.notRun).map(([client, reason]) => `not run: ${client}: ${reason}`),
  ];
  process.stdout.write(`${parts.filter((part) => part !== "").join("\n\n")}\n`);
}

function list() {
  const available = runtimeVersions();
  const lines = [
    "rows",
    ...rows.map(({ name }) => `  ${name}`),
    "clients",
    ...clients.map(
      ({ name, runtime }) => `  ${name}${runtime in available ? "" : ` (no ${runtime} installed yet)`}`,
    ),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
