// SPDX-License-Identifier: Apache-2.0
// Results as tables of text, for the terminal and for the documentation.
import { baseline } from "./clients.mjs";
import { errorOf, medianOf, ratioOf } from "./results.mjs";

/** @typedef {string[][]} Table the first line is the head */
/** @typedef {import("./results.mjs").Results} Results */

/** @param {number | undefined} value three digits, or as many as there are before the point */
export function digits(value) {
  if (value === undefined) return "";
  if (value >= 99.95) return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",");
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/** Rows whose value is CPU time. @param {Results} results */
const costRows = (results) => results.rows.filter(({ unit }) => unit === "µs");

/**
 * Ratios to the baseline, whose own cost is in the first column.
 * @param {Results} results
 * @param {string[]} clients
 * @returns {Table}
 */
export function ratioTable(results, clients) {
  const others = clients.filter((client) => client !== baseline);
  const costs = costRows(results);
  if (costs.length === 0) return [];
  return [
    ["", `${baseline}, µs`, ...others],
    ...costs.map(({ name }) => [
      name,
      digits(medianOf(results, name, baseline)),
      ...others.map((client) => ratioCell(results, name, client)),
    ]),
  ];
}

/** @param {Results} results @param {string} row @param {string} client */
function ratioCell(results, row, client) {
  const ratio = ratioOf(results, row, client);
  if (ratio !== undefined) return digits(ratio);
  return errorOf(results, row, client) === undefined ? "" : "failed";
}

/**
 * Everything that is no ratio: a line for each figure.
 * @param {Results} results
 * @param {string[]} clients
 * @returns {Table}
 */
export function figureTable(results, clients) {
  /** @type {Table} */
  const lines = [];
  /** @param {string} label @param {(client: string) => string} cell */
  const add = (label, cell) => {
    const cells = clients.map(cell);
    if (cells.some((text) => text !== "")) lines.push([label, ...cells]);
  };
  for (const { name, kind, unit, deflate } of results.rows) {
    /** @param {"value" | "wire" | "p50" | "p99" | "minified"} [field] */
    const figure = (field) => (/** @type {string} */ client) =>
      digits(medianOf(results, name, client, field));
    if (kind === "echo") {
      add(`${name}: p50, µs`, figure("p50"));
      add(`${name}: p99, µs`, figure("p99"));
    }
    if (deflate !== undefined) add(`${name}: bytes on the wire`, figure("wire"));
    if (kind === "bundle") {
      add("bundle, minified, KiB", figure("minified"));
      add("bundle, minified and brotli, KiB", figure());
    } else if (unit !== "µs") {
      add(`${name}, ${unit}${kind === "idle" ? " each" : ""}`, (client) => {
        const value = medianOf(results, name, client);
        if (value !== undefined) return digits(value);
        return errorOf(results, name, client) === undefined ? "" : "failed";
      });
    }
  }
  return lines.length === 0 ? [] : [["", ...clients], ...lines];
}

/** What failed, a line for each reason. @param {Results} results */
export function failures(results) {
  /** @type {Map<string, Set<string>>} */
  const rowsByReason = new Map();
  for (const { row, client, error } of results.samples) {
    if (error === undefined) continue;
    // The port of the server is another one each time.
    const reason = `${client}: ${error.replaceAll(/'?wss?:[^\s']+'?/g, "the server").trim()}`;
    rowsByReason.set(reason, (rowsByReason.get(reason) ?? new Set()).add(row));
  }
  return [...rowsByReason].map(([reason, rows]) => `${reason} (${[...rows].join("; ")})`);
}

/**
 * Columns under each other; in blocks, each with the first column, where the terminal is too narrow.
 * @param {Table} table
 * @param {number} width
 */
export function toText(table, width) {
  if (table.length === 0) return "";
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  const room = Math.max(width - widths[0], 0);
  /** @type {number[][]} */
  const blocks = [];
  let used = room + 1;
  for (let column = 1; column < widths.length; column++) {
    if (used + widths[column] + 2 > room) {
      blocks.push([]);
      used = 0;
    }
    blocks.at(-1)?.push(column);
    used += widths[column] + 2;
  }
  return blocks
    .map((columns) =>
      table
        .map((line) =>
          [
            line[0].padEnd(widths[0]),
            ...columns.map((column) => line[column].padStart(widths[column] + 2)),
          ].join(""),
        )
        .join("\n"),
    )
    .join("\n\n");
}

/** @param {Table} table */
export function toMarkdown(table) {
  if (table.length === 0) return "";
  const [head, ...lines] = table;
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [head, rule, ...lines]
    .map((line) => `${line.map((cell) => (cell === "" ? "| " : `| ${cell} `)).join("")}|`)
    .join("\n");
}
