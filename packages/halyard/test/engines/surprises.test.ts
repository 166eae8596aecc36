// SPDX-License-Identifier: Apache-2.0
// docs/runtimes.md names a test for each surprise of the platforms: it is there.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { expectNamedTests, pageUrl, section, tableRows } from "../support/named-tests.ts";

const page = pageUrl("runtimes.md");
const table = section(readFileSync(page, "utf8"), "Surprises of the platforms");
const rows = tableRows(table).map(([surprise = "", tests = ""]) => ({ surprise, tests }));
const platformCases = new URL("../runtimes/platform-cases.mjs", import.meta.url);

test("the page has surprises", () => {
  expect(rows.length).toBeGreaterThan(25);
});

test.each(rows)("$surprise", ({ tests }) => {
  expect(expectNamedTests(tests, page)).toBeGreaterThan(0);
});

test("every case of a platform is there", () => {
  for (const [, name = ""] of readFileSync(platformCases, "utf8").matchAll(/name: "(.*)"/g)) {
    expect(table).toContain(name);
  }
});
