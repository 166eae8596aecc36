// SPDX-License-Identifier: Apache-2.0
// What a client adds to a program that is bundled for Node.
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

/**
 * @param {string} contents a program that exports what a user takes
 * @param {string[]} optional packages that it loads where they are installed, and does without where they are not
 */
export async function bundleSize(contents, optional) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    external: optional,
    logLevel: "silent",
  });
  const [{ contents: program }] = outputFiles;
  return { value: brotliCompressSync(program).length / 1024, minified: program.length / 1024 };
}
