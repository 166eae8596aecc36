// SPDX-License-Identifier: Apache-2.0
// Pages of the documentation name tests. What they name has to be there.
import { existsSync, readFileSync } from "node:fs";
import { expect } from "vitest";

/** A page of `docs`. */
export function pageUrl(name: string): URL {
  return new URL(`../../../../docs/${name}`, import.meta.url);
}

/** The part of a page under a heading of the second level. */
export function section(page: string, heading: string): string {
  const [, rest = ""] = page.split(`\n## ${heading}\n`);
  const [text = ""] = rest.split("\n## ");
  return text;
}

/** The rows of all tables, without their heads, as cells. */
export function tableRows(markdown: string): string[][] {
  const rows: string[][] = [];
  let isBody = false;
  for (const line of markdown.split("\n")) {
    if (!line.startsWith("|")) isBody = false;
    else if (/^[|\s:-]+$/.test(line)) isBody = true;
    else if (isBody)
      rows.push(
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
  }
  return rows;
}

/** A test file's text without comments, in which a name shows nothing. */
export function programText(file: URL): string {
  expect(existsSync(file), file.pathname).toBe(true);
  return readFileSync(file, "utf8").replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
}

/**
 * Each test that a cell names, as `[file](path): *name*; *name*`, is in its file. Some names begin with a value.
 * @returns how many there were
 */
export function expectNamedTests(cell: string, page: URL): number {
  let count = 0;
  for (const [, path = "", names = ""] of cell.matchAll(/\]\(([^)#]+)\): (\*[^*]+\*(?:; \*[^*]+\*)*)/g)) {
    const program = programText(new URL(path, page));
    for (const [, name = ""] of names.matchAll(/\*([^*]+)\*/g)) {
      count += 1;
      const isThere = [`"${name}"`, `${name}\``].some((end) => program.includes(end));
      expect(isThere, `${path} has "${name}"`).toBe(true);
    }
  }
  return count;
}
