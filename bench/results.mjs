// SPDX-License-Identifier: Apache-2.0
// What samples mean: per row and client the median, and the median over the rounds of the ratio to the baseline in the same round.
import { baseline } from "./clients.mjs";

/**
 * @typedef {object} Sample
 * @property {string} row
 * @property {string} client
 * @property {number} round
 * @property {number} [value] in the row's unit; less is better
 * @property {string} [error] why there is no value
 * @property {number} [wire] bytes of a message on the wire
 * @property {number} [p50] microseconds
 * @property {number} [p99] microseconds
 * @property {number} [minified] KiB
 *
 * @typedef {object} Results
 * @property {string} date
 * @property {ReturnType<typeof import("./machine.mjs").machine>} machine
 * @property {Record<string, string>} versions
 * @property {{ rounds: number, milliseconds: number }} options
 * @property {import("./rows.mjs").Row[]} rows
 * @property {string[]} clients
 * @property {Record<string, string>} notRun clients that could not take part, and why
 * @property {Sample[]} samples
 */

/** @param {number[]} numbers @returns {number | undefined} */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {Results} results @param {string} row @param {string} client */
const samplesOf = (results, row, client) =>
  results.samples.filter((sample) => sample.row === row && sample.client === client);

/**
 * @param {Results} results
 * @param {string} row
 * @param {string} client
 * @param {"value" | "wire" | "p50" | "p99" | "minified"} [field]
 */
export function medianOf(results, row, client, field = "value") {
  return median(
    samplesOf(results, row, client)
      .map((sample) => sample[field])
      .filter((value) => value !== undefined),
  );
}

/**
 * How often the client's value fits into the baseline's: 2 means half the cost.
 * @param {Results} results
 * @param {string} row
 * @param {string} client
 */
export function ratioOf(results, row, client) {
  const base = new Map(samplesOf(results, row, baseline).map(({ round, value }) => [round, value]));
  const ratios = [];
  for (const { round, value } of samplesOf(results, row, client)) {
    const other = base.get(round);
    if (value !== undefined && other !== undefined && value > 0) ratios.push(other / value);
  }
  return median(ratios);
}

/**
 * The first reason why a client has no value in a row.
 * @param {Results} results
 * @param {string} row
 * @param {string} client
 */
export function errorOf(results, row, client) {
  return samplesOf(results, row, client).find(({ error }) => error !== undefined)?.error;
}
