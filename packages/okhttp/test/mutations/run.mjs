// SPDX-License-Identifier: Apache-2.0

/**
 * Puts one fault after the other into a copy of the package and runs the cases that are about it: one must fail.
 *
 *   node run.mjs [--name REGEX]
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { transformSync } from "esbuild";
import { run } from "../../../halyard/test/runtimes/processes.mjs";
import { Tally } from "../../../halyard/test/runtimes/tally.mjs";
import { classPathOf, jarsOf, newest } from "../../scripts/jars.mjs";
import { mustRun } from "../suite/engine-copy.mjs";
import { packages, servers } from "../suite/setup.mjs";
import { mutations } from "./list.mjs";

const { values: options } = parseArgs({ options: { name: { type: "string", default: "" } } });
/** Each has a copy of the packages. */
const workers = 2;
const tally = new Tally();
const { folder: original, classes } = packages();
const { question, stop } = await servers();
const asked = {
  ...question,
  classPath: classPathOf(newest),
  jars: jarsOf(newest),
  classes,
  version: newest,
  sockets: 100,
  features: ["jvm", "java"],
  bail: true,
  patience: 12_000,
};
const programs = { jvm: "suite.mjs", nativescript: "nativescript-suite.mjs" };

const queue = mutations.filter(({ name }) => new RegExp(options.name).test(name)).values();
await Promise.all(
  Array.from({ length: workers }, async (_, index) => {
    const folder = path.join(original, `worker-${index}`);
    for (const name of readdirSync(original)) {
      if (!name.startsWith("worker-"))
        cpSync(path.join(original, name), path.join(folder, name), { recursive: true });
    }
    for (const mutation of queue) await tryOne(mutation, folder);
  }),
);
await stop();
tally.end();

async function tryOne(mutation, folder) {
  const began = Date.now();
  const { name, binding, wanted } = mutation;
  const restore = apply(mutation, folder);
  const question = JSON.stringify({ ...asked, wanted });
  const { result, all } = await run("node", [programs[binding], question], { cwd: folder });
  restore();
  const parts = Object.values(result ?? {}).filter(({ names }) => names !== undefined);
  const ran = parts.reduce((sum, { names }) => sum + names.length, 0);
  const found = parts.reduce((sum, { failures }) => sum + failures.length, 0);
  // A program that does not even run has found nothing.
  const isFound = found > 0;
  const complaint = ran === 0 ? `no case was run: ${all}` : "the suite did not find it";
  tally.count(name, isFound ? 1 : 0, isFound ? [] : [complaint], began);
}

/** @param {import("./list.mjs").Mutation} mutation @param {string} folder @returns {() => void} what takes it back */
function apply({ file, from, to }, folder) {
  const home = path.join(folder, "node_modules", "@halyard", "okhttp");
  const source = path.join(home, file);
  const before = readFileSync(source, "utf8");
  if (before.split(from).length !== 2) throw new Error(`${file} does not have this once: ${from}`);
  const build = (text) => {
    writeFileSync(source, text);
    if (file.endsWith(".java")) buildJava(home);
    else buildScript(home, file, text);
  };
  build(before.replace(from, () => to));
  return () => build(before);
}

function buildScript(home, file, text) {
  const { code } = transformSync(text, { loader: "ts", format: "esm", target: "es2022" });
  const target = path.join(home, file.replace(/^src/, "dist").replace(/\.ts$/, ".js"));
  if (!existsSync(target)) throw new Error(`${target} is missing`);
  writeFileSync(target, code.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
}

function buildJava(home) {
  const sources = path.join(home, "java");
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".java"),
  );
  const output = path.join(home, "mutated");
  rmSync(output, { recursive: true, force: true });
  mustRun("javac", ["-nowarn", "-cp", classPathOf(newest), "-d", output, ...files], { cwd: sources });
  cpSync(output, path.join(home, "dist", "java"), { recursive: true });
}
