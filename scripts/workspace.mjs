// SPDX-License-Identifier: Apache-2.0
// What the scripts share: where things are, and how to run a command and keep its output.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
export const library = path.join(root, "packages", "halyard");

/** The other packages, which stand on it. */
const others = ["okhttp", "darwin"].map((name) => path.join(root, "packages", name));

/** @typedef {{ specifier: string, name: string, source: string, types: string, home: string }} Entry */

/**
 * The public entries of the library, as its exports map has them.
 * @returns {Entry[]}
 */
export function entries() {
  return entriesOf(library);
}

/**
 * Those of all packages.
 * @returns {Entry[]}
 */
export function allEntries() {
  return [library, ...others].flatMap(entriesOf);
}

/**
 * @param {string} home of a package
 * @returns {Entry[]}
 */
function entriesOf(home) {
  /** @type {{ name: string, exports: Record<string, string | Record<string, string>> }} */
  const manifest = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8"));
  /** @type {Entry[]} */
  const found = [];
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string") continue;
    const { "@halyard/source": source, types } = target;
    if (source === undefined || types === undefined) throw new Error(`${subpath} lacks a condition`);
    const specifier = `${manifest.name}${subpath.slice(1)}`;
    found.push({
      specifier,
      name: specifier.replace("@", "").replaceAll("/", "-"),
      source: path.join(home, source),
      types: path.join(home, types),
      home,
    });
  }
  return found;
}

/**
 * The files of the repository that are like `pattern`, of git's kind; committed or about to be.
 * @param {string} pattern
 */
export function repositoryFiles(pattern) {
  // Whoever owns the checkout.
  const args = [
    "-c",
    `safe.directory=${root}`,
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
  ];
  const { status, error, stdout, stderr } = spawnSync("git", [...args, "--", pattern], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw error ?? new Error(`git ls-files ended with ${status}\n${stderr}`);
  const files = stdout.split("\0").filter((file) => file !== "" && existsSync(path.join(root, file)));
  if (files.length === 0) throw new Error(`no file of the repository is like ${pattern}`);
  return files;
}

/**
 * Runs a command without a shell.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number | null, stdout: string, output: string }>} `output` is both streams as they came
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    const child = spawn(command, args, { cwd: options.cwd ?? root, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, output }));
  });
}

/**
 * Like {@link run}, but a failure of the command is an error that shows its output.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 */
export async function mustRun(command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}\n${output}`);
  return output;
}

/**
 * A new temporary directory that goes away when the process ends.
 * @param {string} purpose
 */
export function temporaryDirectory(purpose) {
  const directory = mkdtempSync(path.join(tmpdir(), `halyard-${purpose}-`));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Packs the library into `directory` and returns the path of the tarball. The build must be there.
 * @param {string} directory
 */
export async function pack(directory) {
  const output = await mustRun("npm", ["pack", "--json", "--pack-destination", directory, library], {
    cwd: root,
  });
  const name = /"filename":\s*"([^"]+)"/.exec(output)?.[1];
  if (name === undefined) throw new Error(`npm pack named no file\n${output}`);
  return path.join(directory, name);
}

/** @returns {Promise<number>} a port that nobody listens on */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
