// SPDX-License-Identifier: Apache-2.0
// Writes results into docs/benchmarks.md, between its markers, and docs/benchmarks.svg.
import { readFileSync, writeFileSync } from "node:fs";
import { drawChart } from "./chart.mjs";
import { baseline } from "./clients.mjs";
import { failures, figureTable, ratioTable, toMarkdown } from "./tables.mjs";

const page = new URL("../docs/benchmarks.md", import.meta.url);
const chart = new URL("../docs/benchmarks.svg", import.meta.url);
const begin = "<!-- results: written by `npm run bench -- --update-docs` -->";
const end = "<!-- end of results -->";

/** @param {import("./results.mjs").Results} results */
export function updateDocs(results) {
  const text = readFileSync(page, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error("docs/benchmarks.md has lost the markers of its results");
  writeFileSync(page, `${text.slice(0, from)}${begin}\n\n${sections(results)}\n\n${text.slice(to)}`);
  writeFileSync(chart, drawChart(results));
}

/** @param {import("./results.mjs").Results} results */
function sections(results) {
  const isOf = (/** @type {RegExp} */ pattern) => results.clients.filter((client) => pattern.test(client));
  const peers = isOf(/^(ws|ws\+bufferutil|undici|native@.*|raw|halyard|halyard-batches)$/);
  const nodes = isOf(/^(?:ws|halyard|halyard-batches)(?:@.*)?$/);
  const controls = isOf(/^(ws|ws \(control\)|halyard|halyard \(control\))$/);
  const parts = [
    origin(results),
    "### Clients",
    toMarkdown(ratioTable(results, peers)),
    ...section("### The same on other versions of Node", ratioTable(results, nodes)),
    ...section("### Controls", ratioTable(results, controls)),
    ...section("### Other figures", figureTable(results, peers)),
    ...failures(results).map((failure) => `- failed: ${failure}`),
    ...Object.entries(results.notRun).map(([client, reason]) => `- not run: ${client}: ${reason}`),
  ];
  return parts
    .join("\n\n")
    .replaceAll(/\n\n(?=- (?:failed|not run): )/g, "\n")
    .replace(/\n- /, "\n\n- ");
}

/** Nothing where the table would have nothing beside the baseline. @param {string} title @param {string[][]} table */
const section = (title, table) => (table.length > 0 && table[0].length > 2 ? [title, toMarkdown(table)] : []);

/** @param {import("./results.mjs").Results} results */
function origin({ date, machine, versions, options }) {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${date.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}, ${machine.kernel}, load ${machine.load.toFixed(1)} at the start.`,
    `${options.rounds === 1 ? "1 round" : `${options.rounds} rounds`} of ${options.milliseconds} ms. Versions: ${software.join(", ")}.`,
    `Ratios to ${baseline}: more is better.`,
  ].join("\n");
}
