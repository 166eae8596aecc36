// SPDX-License-Identifier: Apache-2.0
// docs/ktor-parity.md names a counterpart for each symbol of Ktor, and a test for each of its cases: they are there.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expectNamedTests, pageUrl, tableRows } from "./support/named-tests.ts";

const page = pageUrl("ktor-parity.md");
const rows = tableRows(readFileSync(page, "utf8"));
const symbols = rows.filter(({ length }) => length === 2).map(([ktor = "", ours = ""]) => ({ ktor, ours }));
const cases = rows.filter(({ length }) => length === 3).map(([name = "", , ours = ""]) => ({ name, ours }));

const api = new URL("../../../api/", import.meta.url);
/** Every identifier of the public API: exported names, and their members. */
const publicNames = new Set(
  readdirSync(api).flatMap(
    (report) => readFileSync(new URL(report, api), "utf8").match(/[A-Za-z]\w*/g) ?? [],
  ),
);
/** What stands in code, but is not of the API: the language, the platform's headers, names of the reader's variables. */
const others = new Set(
  "await cause const content false for halyard instanceof new of x Authorization Cookie".split(" "),
);

/** The identifiers of a cell's code, without what is in quotes. */
function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) =>
    (code.replaceAll(/"[^"]*"/g, "").match(/[A-Za-z]\w*/g) ?? []).filter((name) => !others.has(name)),
  );
}

test("the page has the symbols and the cases", () => {
  expect(symbols.length).toBeGreaterThan(110);
  expect(cases.length).toBeGreaterThan(85);
  expect(rows.length).toBe(symbols.length + cases.length);
});

describe("the symbol", () => {
  test.each(symbols)("$ktor", ({ ours }) => {
    expect(ours).not.toBe("");
    for (const name of namesIn(ours)) expect(publicNames, ours).toContain(name);
  });
});

describe("the case", () => {
  test.each(cases)("$name", ({ ours }) => {
    const hasReason = /^(?:does not apply|applies)\b.{10}/.test(ours);
    expect(expectNamedTests(ours, page) > 0 || hasReason, ours).toBe(true);
  });
});
