// SPDX-License-Identifier: Apache-2.0

/**
 * Plays the hostile peers, and reports for each row of docs/threats.md every case and its outcome on every side.
 *
 *   node report.mjs [--rows REGEX] [--okhttp] [--json]   rows by their ids; on OkHttp, behind `npm run okhttp`, instead of all else
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "" },
    okhttp: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

/** @type {{ row: string, name: string, side: string, outcome: string, passed: boolean, errors: string[] }[]} */
const lines = [];
/** What failed beside a test: an error that nobody caught, a file that did not run. */
const faults = [];

const reporter = {
  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    const row = rowIn(test.name) ?? rowIn(test.fullName);
    if (row === undefined || state === "skipped") return;
    const [side] = test.fullName.split(" > ");
    const { outcome } = test.meta();
    lines.push({
      row,
      name: test.name.replace(`${row}: `, ""),
      side: outcome === undefined ? "" : side,
      outcome: outcome ?? "as it says",
      passed: state === "passed",
      errors: errors.map(({ message }) => message),
    });
  },
  onTestRunEnd(modules, unhandled) {
    faults.push(...modules.flatMap((module) => module.errors()), ...unhandled);
  },
};

const onOkHttp = "packages/okhttp/test/hostile/scripted-peers.ts";
const vitest = await startVitest("test", options.okhttp ? [] : ["packages/halyard/test/hostile/"], {
  root: fileURLToPath(new URL("../../../../", import.meta.url)),
  watch: false,
  reporters: [reporter],
  ...(options.okhttp && { include: [onOkHttp] }),
  ...(options.rows !== "" && { testNamePattern: `(?:${options.rows})` }),
});
await vitest.close();

// What failed comes last, where it is seen.
lines.sort(
  (a, b) => Number(b.passed) - Number(a.passed) || a.row.localeCompare(b.row) || a.name.localeCompare(b.name),
);
const failed = lines.filter(({ passed }) => !passed).length + faults.length;
if (options.json) {
  print(JSON.stringify({ lines, faults: faults.map(String) }, null, 2));
} else {
  for (const { row, name, side, outcome, passed, errors } of lines) {
    print([row, name, side, passed ? outcome : `FAILED: ${errors.join("; ")}`].filter(Boolean).join(" | "));
  }
  for (const fault of faults) print(`FAILED: ${String(fault.message ?? fault)}`);
  const rows = new Set(lines.map(({ row }) => row)).size;
  print(`${rows} rows`);
  print(`${lines.length - (failed - faults.length)} passed, ${failed} failed`);
}
process.exitCode = failed === 0 && lines.length > 0 ? 0 : 1;

/** @param {string} name @returns {string | undefined} */
function rowIn(name) {
  return /\b[A-Z][A-Z\d]-\d\d\b/.exec(name)?.[0];
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
