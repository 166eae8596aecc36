// SPDX-License-Identifier: Apache-2.0
// The table of docs/proxies.md.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("../../../../docs/proxies.md", import.meta.url));

/**
 * @param {string[]} columns
 * @param {{ title: string, program: string, cells: (boolean | null)[] }[]} rows null where a column does not apply
 */
export function tableOf(columns, rows) {
  const tried = rows.flatMap(({ cells }) => cells).filter((cell) => cell !== null);
  const lines = [
    ["way", "program", ...columns],
    ["---", "---", ...columns.map(() => ":-:")],
    ...rows.map(({ title, program, cells }) => [title, program, ...cells.map(shown)]),
  ].map((cells) => `| ${cells.join(" | ")} |`);
  return `${tried.filter(Boolean).length} of ${tried.length} pass.\n\n${lines.join("\n")}`;
}

/** @param {boolean | null} cell */
function shown(cell) {
  return cell === null ? "–" : cell ? "yes" : "**no**";
}

/** @param {string} table @param {boolean} isToBeWritten @returns {string[]} what is wrong */
export function checkPage(table, isToBeWritten) {
  const text = readFileSync(page, "utf8");
  const wanted = text.replace(
    /(<!-- proxies: .*-->\n)[^]*?(<!-- end of proxies -->)/,
    (_, begin, end) => `${begin}\n${table}\n\n${end}`,
  );
  if (isToBeWritten) writeFileSync(page, wanted);
  return isToBeWritten || wanted === text
    ? []
    : ["docs/proxies.md has another table; run `npm run proxies -- --write`"];
}
