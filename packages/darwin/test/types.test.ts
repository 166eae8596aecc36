// SPDX-License-Identifier: Apache-2.0
// The engine's picture of Foundation is that of `@nativescript/types-ios`, and a misspelt one is not.
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const here = fileURLToPath(new URL("types", import.meta.url));
const modules = fileURLToPath(new URL("../../../node_modules", import.meta.url));
const foundation = fileURLToPath(new URL("../src/foundation.ts", import.meta.url));

/** What the compiler says of a project. */
function compile(project: string): Promise<string> {
  const tsc = path.join(modules, "typescript", "bin", "tsc");
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, "-p", project], { timeout: 50_000 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}

/** Where each member is named: in a line of its own that is no parameter's. */
function members(source: string): { readonly name: string; readonly line: number }[] {
  return source.split("\n").flatMap((text, line) => {
    const [, name] = /^\s+(?:readonly )?(\w+)(?=[?(:])(?!.*,$)/.exec(text) ?? [];
    // NativeScript's own, of which its types know nothing.
    return name === undefined || name === "extend" ? [] : [{ name, line }];
  });
}

test("the engine and a program's options fit NativeScript's types", { timeout: 60_000 }, async () => {
  expect(await compile(here)).toBe("");
});

test("no selector, property or class can be misspelt", { timeout: 60_000 }, async () => {
  const source = await readFile(foundation, "utf8");
  const all = members(source);
  expect(all.length).toBeGreaterThan(45);
  const directory = await mkdtemp(path.join(tmpdir(), "halyard-darwin-"));
  try {
    const copy = async (name: string, text: string) => {
      await mkdir(path.join(directory, name, "src"), { recursive: true });
      await mkdir(path.join(directory, name, "test", "types"), { recursive: true });
      await writeFile(path.join(directory, name, "src", "foundation.ts"), text);
      await copyFile(path.join(here, "fits.ts"), path.join(directory, name, "test", "types", "fits.ts"));
    };
    await copy("as it is", source);
    for (const { name, line } of all) {
      const lines = source.split("\n");
      lines[line] = (lines[line] ?? "").replace(name, `${name}s`);
      await copy(`${line + 1} ${name}`, lines.join("\n"));
    }
    const config = {
      extends: path.join(here, "tsconfig.json"),
      compilerOptions: { rootDir: "/", types: [], typeRoots: [] },
      include: ["*/test/types/*.ts"],
      files: [path.join(modules, "@nativescript", "types-ios", "index.d.ts")],
    };
    await writeFile(path.join(directory, "tsconfig.json"), JSON.stringify(config));
    const output = await compile(directory);
    const refused = new Set(
      Array.from(output.matchAll(/^(?:.*\/)?([^/]+)\/(?:src|test\/types)\/\w+\.ts\(/gm), ([, name]) => name),
    );
    expect(refused.has("as it is")).toBe(false);
    const accepted = all.filter(({ name, line }) => !refused.has(`${line + 1} ${name}`));
    expect(accepted).toEqual([]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
