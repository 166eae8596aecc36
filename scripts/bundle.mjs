// SPDX-License-Identifier: Apache-2.0
// Writes the JavaScript of dist, for the reasons of docs/adr/0014: an entry is a file, and what entries share is in a few
// chunks, so that whatever a program imports has each class once. The declarations beside them are tsc's.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rolldown } from "rolldown";
import { entries, library } from "./workspace.mjs";

const source = path.join(library, "src");
const dist = path.join(library, "dist");
/** What stands in for `#default-engine`, by the imports map of the package. */
const defaultEngines = ["cio", "js"].map((engine) =>
  path.join(source, "engines", engine, "default-engine.ts"),
);
const inputs = [...entries().map((entry) => entry.source), ...defaultEngines];

/**
 * The chunks. `http-client.ts` is in none of them: it imports `#default-engine`, which stands on the core.
 * @type {Record<string, RegExp>}
 */
const chunks = {
  core: /^(?:protocol|session|client)\/(?!http-client)|^wasm\/instantiate/,
  sockets: /^sockets\/|^wasm\/bytes/,
};

/** @param {string} file */
function chunkOf(file) {
  if (inputs.includes(file)) return null;
  const name = path.relative(source, file).replaceAll(path.sep, "/");
  return Object.keys(chunks).find((chunk) => chunks[chunk]?.test(name)) ?? null;
}

/** @param {string} file */
const nameOf = (file) => path.relative(source, file).replace(/\.ts$/, "");

const bundle = await rolldown({
  cwd: source,
  input: Object.fromEntries(inputs.map((file) => [nameOf(file), file])),
  // An optional peer is looked for when it is needed.
  external: [/^node:/, "#default-engine", "undici"],
  platform: "neutral",
  tsconfig: false,
  transform: { target: "es2022", typescript: { onlyRemoveTypeImports: true } },
  preserveEntrySignatures: "allow-extension",
  onLog(_level, { message }) {
    throw new Error(message);
  },
});
const { output } = await bundle.generate({
  dir: dist,
  format: "es",
  entryFileNames: "[name].js",
  chunkFileNames: "[name].js",
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [{ debugName: "chunks", name: chunkOf }],
  },
  comments: { annotation: true, jsdoc: false, legal: false },
  minifyInternalExports: false,
  sourcemap: true,
  // They are in the package.
  sourcemapExcludeSources: true,
});
await bundle.close();

/** What a file imports, with the default engine of either kind as one. @type {Map<string, string[]>} */
const imports = new Map();
for (const file of output) {
  if (file.type !== "chunk") continue;
  imports.set(
    file.fileName,
    file.imports.flatMap((name) =>
      name === "#default-engine" ? defaultEngines.map((engine) => `${nameOf(engine)}.js`) : name,
    ),
  );
}

/** Files in a circle use each other before they have run, or not, by which a program imports first. @param {string[]} trail */
function refuseCircle(...trail) {
  for (const name of imports.get(trail.at(-1) ?? "") ?? []) {
    if (trail.includes(name)) throw new Error(`a circle of imports: ${[...trail, name].join(" -> ")}`);
    refuseCircle(...trail, name);
  }
}
for (const name of imports.keys()) refuseCircle(name);

const written = new Set();
for (const file of output) {
  const target = path.join(dist, file.fileName);
  const content = file.type === "chunk" ? file.code : file.source;
  written.add(file.fileName);
  if (existsSync(target) && readFileSync(target, "utf8") === content) continue;
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content);
}
for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  const isOurs = /\.js(?:\.map)?$/.test(name);
  if (isOurs && !written.has(name.replaceAll(path.sep, "/"))) rmSync(path.join(dist, name));
}
