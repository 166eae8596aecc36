// SPDX-License-Identifier: Apache-2.0
// docs/threats.md names tests and scripts: they are there, and say the id of the threat that they show.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { pageUrl, programText, tableRows } from "../support/named-tests.ts";

const tests = new URL("../", import.meta.url);
const root = new URL("../../../", tests);
const rows = tableRows(readFileSync(pageUrl("threats.md"), "utf8")).flatMap(([id = "", , , files]) =>
  /^[A-Z]\w-\d\d$/.test(id) ? [[id, files?.split(", ") ?? []] as const] : [],
);

/** How many rows each section has: none is lost without a word here. */
const counts = {
  HS: 23,
  TL: 9,
  LG: 3,
  FR: 14,
  U8: 5,
  CL: 11,
  CM: 10,
  MM: 11,
  SN: 6,
  OP: 6,
  KA: 8,
  LC: 13,
  NW: 6,
  UX: 1,
  PX: 8,
  RD: 7,
  CK: 2,
  AU: 4,
  RC: 3,
  SV: 12,
  H2: 11,
  SC: 5,
};

/** A test's text, and that of the cases that it plays, and of how it does. */
function textWithCases(file: URL): string {
  const text = programText(file);
  const played = Array.from(
    text.matchAll(/from "(\.\/(?:cases\/|run-cases)[^"]+)"/g),
    ([, path = ""]) => new URL(path, file),
  );
  return [text, ...played.map(programText)].join("");
}

describe("the page", () => {
  test.each(Object.entries(counts))("has its rows %s, which are %i", (prefix, count) => {
    expect(rows.filter(([id]) => id.startsWith(`${prefix}-`))).toHaveLength(count);
  });

  test("has rows, no id twice, and none left out between two", () => {
    const ids = rows.map(([id]) => id);
    expect(ids.length).toBeGreaterThan(50);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [at, id] of ids.entries()) {
      const [prefix = "", number = ""] = id.split("-");
      if (number !== "01")
        expect(ids[at - 1]).toBe(`${prefix}-${String(Number(number) - 1).padStart(2, "0")}`);
    }
  });

  test.each(rows)("%s: what it names says so", (id, files) => {
    expect(files).not.toEqual([]);
    for (const file of files) {
      const url = file.startsWith("scripts/")
        ? new URL(`${file}.mjs`, root)
        : new URL(`${file}.test.ts`, tests);
      expect(textWithCases(url), file).toContain(id);
    }
  });

  test("has a row for every id that a test of hostile peers names", () => {
    const known = new Set(rows.map(([id]) => id));
    const files = readdirSync(new URL("./", import.meta.url)).filter((file) => file.endsWith(".test.ts"));
    for (const file of files) {
      const text = textWithCases(new URL(file, import.meta.url));
      for (const [id] of text.matchAll(
        /\b(?:HS|TL|FR|U8|CL|CM|MM|NW|PX|RD|CK|AU|RC|LG|H2|SN|OP|KA|LC|SV|UX|SC)-\d\d\b/g,
      )) {
        expect(known, `${file} names it`).toContain(id);
      }
    }
  });
});
