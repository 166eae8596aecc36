// SPDX-License-Identifier: Apache-2.0
// The layers of docs and CONTRIBUTING, kept true: each file's imports are read and held against this table.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** A layer, the layers it may import, and whether it may import `node:*`. Longer names are matched first. */
const layers: Record<string, { readonly on: readonly string[]; readonly node?: true }> = {
  protocol: { on: [] },
  session: { on: ["protocol"] },
  converters: { on: ["protocol", "session"] },
  extensions: { on: ["protocol"] },
  wasm: { on: [] },
  "extensions/deflate/node": { on: ["protocol", "extensions", "wasm"], node: true },
  client: { on: ["protocol", "session", "#default-engine"] },
  sockets: { on: ["protocol", "session", "wasm"], node: true },
  // undici is an optional peer, and asked for when it is needed.
  "engines/cio": { on: ["protocol", "session", "client", "sockets", "undici"], node: true },
  "engines/messages": { on: ["protocol", "session", "client"] },
  "engines/js": { on: ["protocol", "session", "client", "engines/messages"] },
  streams: { on: ["protocol", "session"] },
  server: { on: ["protocol", "session", "sockets"], node: true },
  testing: { on: ["protocol", "session", "client"] },
  /** What lies in `src` itself: the main entry, which must not drag an engine or a socket into a bundle. */
  ".": { on: ["protocol", "session", "client", "converters", "extensions"] },
};
const names = Object.keys(layers).sort((a, b) => b.length - a.length);

const source = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll(path.sep, "/"))
  .filter((file) => file.endsWith(".ts"));

function layerOf(file: string): string {
  const folder = path.posix.dirname(file);
  return names.find((name) => folder === name || folder.startsWith(`${name}/`)) ?? `no layer: ${folder}`;
}

/** What is wrong with one file, a line each. */
function complaints(file: string): string[] {
  const code = readFileSync(path.join(source, file), "utf8").replaceAll(
    /\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm,
    "",
  );
  const layer = layerOf(file);
  const rule = layers[layer];
  const found = rule === undefined ? [layer] : [];
  for (const [, from, direct] of code.matchAll(/\bfrom\s*"([^"]+)"|\bimport\b\s*\(?\s*"([^"]+)"/g)) {
    const specifier = from ?? direct ?? "";
    const target = specifier.startsWith(".")
      ? layerOf(path.posix.join(path.posix.dirname(file), specifier))
      : specifier;
    const isAllowed = target.startsWith("node:") ? rule?.node : target === layer || rule?.on.includes(target);
    if (!isAllowed) found.push(`${layer} must not import ${specifier}`);
  }
  if (/\bexport\s+default\b|\bas\s+default\b/.test(code)) found.push("a default export");
  return found.map((complaint) => `${file}: ${complaint}`);
}

test("every import points down", () => {
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap(complaints)).toEqual([]);
});
