// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";
import { Random } from "../support/random.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { mutated } from "./mutate.ts";
import { runWithin } from "./target.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 2 ** 32) },
    /** Where the corpus lies; see run.mjs. */
    corpus: { type: "string", default: "" },
    /** See run.mjs. */
    planted: { type: "boolean", default: false },
  },
});
/** To look at the coverage costs more than to run an input, so it is done for many at once. */
const batchSize = 64;
const mostMegabytes = 500;
const newest = 1000;

const wanted =
  values.target === undefined ? Object.entries(targets) : [[values.target, targets[values.target]] as const];
for (const [name, target] of wanted) {
  if (target === undefined)
    throw new Error(`there is no target ${name}: take one of ${Object.keys(targets).join(", ")}`);
  const coverage = new Coverage(import.meta.url);
  const random = new Random(Number(values.seed));
  const corpus = values.planted ? [] : readCorpus(values.corpus, name);
  for (const input of corpus) {
    runWithin(target, input);
    coverage.take("input");
  }
  const known = corpus.length;
  const start = performance.now();
  let runs = 0;
  let finding: { readonly input: Uint8Array; readonly error: unknown } | undefined;
  const attempt = (input: Uint8Array): void => {
    runs++;
    try {
      runWithin(target, input);
    } catch (error) {
      finding ??= { input, error };
    }
  };
  while (finding === undefined && performance.now() - start < Number(values.seconds) * 1000) {
    const batch = Array.from({ length: batchSize }, () => {
      const from =
        corpus.length === 0
          ? new Uint8Array(1)
          : random.pick(random.chance(0.5) ? corpus.slice(-newest) : corpus);
      return mutated(from, corpus.length === 0 ? [from] : corpus, target, random);
    });
    for (const input of batch) attempt(input);
    if (coverage.take("batch")) keepNew(batch);
    await new Promise((resolve) => setImmediate(resolve));
    const megabytes = process.memoryUsage().rss / 2 ** 20;
    if (megabytes > mostMegabytes) throw new Error(`${name} has come to ${megabytes.toFixed(0)} MiB`);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(
    `${name}: ${runs} inputs, ${coverage.size} edges, ${corpus.length} seeds in ${seconds} s\n`,
  );
  if (finding !== undefined) {
    process.stdout.write(
      `${name}: ${Buffer.from(finding.input).toString("base64")}\n${String(finding.error)}\n`,
    );
    if (!values.planted) process.exitCode = 1;
  } else if (values.planted) process.exitCode = 1;
  if (corpus.length > known && !values.planted) writeCorpus(values.corpus, name, corpus);

  /** Some input of the batch has done what none had before. */
  function keepNew(batch: readonly Uint8Array[]): void {
    for (const input of batch) {
      attempt(input);
      if (coverage.take("input")) corpus.push(input);
    }
  }
}
