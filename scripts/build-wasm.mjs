// SPDX-License-Identifier: Apache-2.0
// Compiles packages/halyard/wasm/*.ts, which are AssemblyScript, to modules in src/wasm that hold the bytes as text. They
// are committed, so that the sources run as they are. With --check it only compares.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { library, mustRun, root, temporaryDirectory } from "./workspace.mjs";

const check = process.argv.includes("--check");
const sources = path.join(library, "wasm");
const target = path.join(library, "src", "wasm");

/** Small and fast, and no collector. */
const flags = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--enable", "simd"];
const compiler = path.join(root, "node_modules", "assemblyscript", "bin", "asc.js");
const output = temporaryDirectory("wasm");

/**
 * How many pages of 64 KiB a module needs, as its source says in `// Pages: 4`.
 * @param {string} name
 */
function pagesOf(name) {
  const pages = /^\/\/ Pages: (\d+)$/m.exec(readFileSync(path.join(sources, `${name}.ts`), "utf8"))?.[1];
  if (pages === undefined) throw new Error(`${name}.ts does not say how much memory it has`);
  return pages;
}

/** @param {string} name of a source without its extension */
async function compile(name) {
  const file = path.join(output, `${name}.wasm`);
  const pages = ["--initialMemory", pagesOf(name), "--maximumMemory", pagesOf(name)];
  await mustRun("node", [compiler, `${name}.ts`, ...flags, ...pages, "--outFile", file], { cwd: sources });
  return readFileSync(file);
}

/** @param {string} name @param {Uint8Array} bytes */
function moduleText(name, bytes) {
  return `// SPDX-License-Identifier: Apache-2.0
// Written by \`npm run wasm\`.

/** wasm/${name}.ts, compiled: ${bytes.length} bytes in base64. */
export const ${name}Wasm: string =
  "${Buffer.from(bytes).toString("base64")}";
`;
}

mkdirSync(target, { recursive: true });
/** @type {string[]} */
const differences = [];
const names = readdirSync(sources)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => path.basename(file, ".ts"));
for (const name of names) {
  const file = path.join(target, `${name}.wasm.ts`);
  const bytes = await compile(name);
  const text = moduleText(name, bytes);
  console.log(`${name}: ${bytes.length} bytes`);
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  differences.push(`${name}.wasm.ts`);
  if (!check) writeFileSync(file, text);
}
if (check && differences.length > 0) {
  console.error(`${differences.join(", ")}: not what the sources compile to; run \`npm run wasm\``);
  process.exitCode = 1;
}
