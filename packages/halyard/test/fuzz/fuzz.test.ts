// SPDX-License-Identifier: Apache-2.0
// What the fuzzers have found worth keeping, run again; see docs/reliability.md.
import path from "node:path";
import { expect, test } from "vitest";
import { readCorpus } from "./corpus.ts";
import { runWithin } from "./target.ts";
import { targets } from "./targets.ts";

const folder = path.join(import.meta.dirname, "corpus");

test.each(Object.entries(targets))(
  "%s: every seed of the corpus has the outcome that it must have",
  (name, target) => {
    const seeds = readCorpus(folder, name);
    for (const seed of seeds) runWithin(target, seed);
    expect(seeds.length).toBeGreaterThan(10);
  },
);
