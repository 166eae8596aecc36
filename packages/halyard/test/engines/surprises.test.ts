// SPDX-License-Identifier: Apache-2.0
// docs/runtimes.md names a test for each surprise of the platforms: it is there.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = new URL("../../../../docs/runtimes.md", import.meta.url);
const [, section = ""] = readFileSync(page, "utf8").split("\n## Surprises of the platforms\n");
const [table = ""] = section.split("\n## ");
const rows = [...table.matchAll(/^\| (.*) \| \[.*?\]\((.*?)\): (.*) \|$/gm)].map(
  ([, surprise = "", file = "", tests = ""]) => ({ surprise, file, tests }),
);
const platformCases = new URL("../runtimes/platform-cases.mjs", import.meta.url);

test("the page has surprises", () => {
  expect(rows.length).toBeGreaterThan(25);
});

test.each(rows)("$surprise", ({ file, tests }) => {
  const names = [...tests.matchAll(/\*(.*?)\*/g)].map(([, name = ""]) => name);
  const program = readFileSync(new URL(file, page), "utf8");
  expect(names).not.toEqual([]);
  // Some names begin with a value.
  for (const name of names)
    expect(
      [`"${name}"`, `${name}\``].some((end) => program.includes(end)),
      name,
    ).toBe(true);
});

test("every case of a platform is there", () => {
  for (const [, name = ""] of readFileSync(platformCases, "utf8").matchAll(/name: "(.*)"/g)) {
    expect(table).toContain(name);
  }
});
