// SPDX-License-Identifier: Apache-2.0
// The chart of the documentation: a line for each row, a dot for each client, on a logarithmic scale of the ratio to the baseline.
import { baseline } from "./clients.mjs";
import { ratioOf } from "./results.mjs";

/** Who is in the chart: colours that can be told apart by who sees no red or no green, too. */
const shown = [
  { client: "undici", colour: "#b07aa1" },
  { client: "native@node26", colour: "#59a14f" },
  { client: "native@deno", colour: "#9c755f" },
  { client: "native@bun", colour: "#e69f00" },
  { client: "raw", colour: "#999999" },
  { client: "halyard", colour: "#0072b2" },
  { client: "halyard-batches", colour: "#56b4e9" },
];

const left = 330;
const plotWidth = 560;
const right = 30;
const top = 74;
const lineHeight = 22;
const bottom = 16;

/** @param {import("./results.mjs").Results} results */
export function drawChart(results) {
  const lines = results.rows
    .filter(({ unit }) => unit === "µs")
    .map(({ name }) => ({
      name,
      dots: shown.flatMap(({ client, colour }) => {
        const ratio = ratioOf(results, name, client);
        return ratio === undefined ? [] : [{ client, colour, ratio }];
      }),
    }))
    .filter(({ dots }) => dots.length > 0);
  const ratios = lines.flatMap(({ dots }) => dots.map(({ ratio }) => ratio));
  const lowest = Math.floor(Math.log10(Math.min(1, ...ratios)));
  const highest = Math.ceil(Math.log10(Math.max(10, ...ratios)));
  const width = left + plotWidth + right;
  const height = top + lines.length * lineHeight + bottom;
  /** @param {number} ratio */
  const x = (ratio) => left + ((Math.log10(ratio) - lowest) / (highest - lowest)) * plotWidth;

  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>CPU time of WebSocket clients: ratio to ${baseline}, more is better</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    '<g font-family="system-ui, sans-serif" font-size="12" fill="#222222">',
    legend(),
    ...ticks(lowest, highest).map((ratio) => tick(ratio, x(ratio), height - bottom)),
    ...lines.map((line, index) => lineOf(line, top + (index + 0.5) * lineHeight, x)),
    "</g>",
    "</svg>",
  ].join("\n")}\n`;
}

function legend() {
  const step = (left + plotWidth) / shown.length;
  return shown
    .map(({ client, colour }, index) => {
      const at = 16 + index * step;
      return `<circle cx="${round(at)}" cy="20" r="5" fill="${colour}"/><text x="${round(at + 10)}" y="24">${client}</text>`;
    })
    .join("\n");
}

/** 1, 2 and 5 of every decade. @param {number} lowest @param {number} highest */
function ticks(lowest, highest) {
  const found = [];
  for (let decade = lowest; decade < highest; decade++) {
    for (const digit of [1, 2, 5]) found.push(digit * 10 ** decade);
  }
  return [...found, 10 ** highest];
}

/** @param {number} ratio @param {number} at @param {number} end */
function tick(ratio, at, end) {
  const isBaseline = ratio === 1;
  const label = isBaseline ? `${baseline} = 1` : String(Number(ratio.toPrecision(1)));
  return (
    `<text x="${round(at)}" y="${top - 14}" text-anchor="middle" font-size="11">${label}</text>` +
    `<line x1="${round(at)}" y1="${top - 8}" x2="${round(at)}" y2="${end}" stroke="${isBaseline ? "#222222" : "#dddddd"}"/>`
  );
}

/**
 * @param {{ name: string, dots: { client: string, colour: string, ratio: number }[] }} line
 * @param {number} y
 * @param {(ratio: number) => number} x
 */
function lineOf({ name, dots }, y, x) {
  const circles = dots.map(
    ({ client, colour, ratio }) =>
      `<circle cx="${round(x(ratio))}" cy="${y}" r="5" fill="${colour}" fill-opacity="0.9"><title>${client}: ${ratio.toPrecision(3)}</title></circle>`,
  );
  return `<text x="${left - 12}" y="${y + 4}" text-anchor="end">${name}</text>\n${circles.join("\n")}`;
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;
