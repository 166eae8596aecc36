// SPDX-License-Identifier: Apache-2.0
// What the tarballs hold: builds and packs every package twice, in two folders that have nothing but the files of the
// repository, and compares the hashes. Whatever is in a tarball is a source, or was made from one that is in it too.
//
//     node scripts/check-packed.mjs [FOLDER]   writes the tarballs there
//
// SC-02 of docs/threats.md.
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { mustRun, repositoryFiles, root, temporaryDirectory } from "./workspace.mjs";

/** What entries of the library share, or load when it is needed: scripts/bundle.mjs makes a file of each. */
const chunks = ["core", "http-client", "message-engine", "plain-http", "sockets"];

/** @typedef {{ filename: string, integrity: string, files: { path: string, mode: number }[] }} Packed */

/** Links to what is installed, but to the packages of `folder` itself. @param {string} folder */
function linkInstalled(folder) {
  const installed = path.join(root, "node_modules");
  const links = path.join(folder, "node_modules");
  mkdirSync(links);
  for (const name of readdirSync(installed)) {
    if (!name.startsWith("halyard") && name !== "@halyard")
      symlinkSync(path.join(installed, name), path.join(links, name));
  }
  symlinkSync(path.join("..", "packages", "halyard"), path.join(links, "halyard"));
}

/** Builds and packs. @param {string} folder that is empty @returns {Promise<Packed[]>} */
async function packIn(folder) {
  for (const file of files) cpSync(path.join(root, file), path.join(folder, file));
  linkInstalled(folder);
  await mustRun("npm", ["run", "--silent", "build"], { cwd: folder });
  const okhttp = path.join("packages", "okhttp");
  const classes = ["java", path.join("dist", "java")].map((name) => path.join(folder, okhttp, name));
  // This one's, since its jars are there already.
  await mustRun("node", [path.join(root, okhttp, "scripts", "build-java.mjs"), ...classes]);
  /** @type {Packed[]} */
  const packed = [];
  for (const name of packages) {
    const place = path.join(folder, "packages", name);
    const options = ["--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder];
    const output = await mustRun("npm", ["pack", ...options, place]);
    packed.push(...Object.values(JSON.parse(output)));
  }
  return packed;
}

/**
 * What is in a tarball, and should not be.
 * @param {string} name of the package's folder
 * @param {Packed} packed
 */
function strangers(name, packed) {
  const inRepository = (/** @type {string} */ file) => files.includes(`packages/${name}/${file}`);
  const sources = packed.files.flatMap(({ path: file }) => /^src\/(.*)(?<!\.d)\.ts$/.exec(file)?.[1] ?? []);
  const made = new Set(
    [...sources, ...(name === "halyard" ? chunks : [])].flatMap((file) =>
      [".js", ".js.map", ".d.ts", ".d.ts.map"].map((end) => `dist/${file}${end}`),
    ),
  );
  const classes = new Set(
    packed.files.flatMap(({ path: file }) => /^java\/(.*)\.java$/.exec(file)?.[1] ?? []),
  );
  return packed.files
    .filter(({ path: file, mode }) => {
      const isKept =
        /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|(?:src|java)\/.*)$/.test(file) &&
        inRepository(file);
      const [, owner = ""] = /^dist\/java\/(.*?)(?:\$\w+)?\.class$/.exec(file) ?? [];
      return (!isKept && !made.has(file) && !classes.has(owner)) || (mode & 0o111) !== 0;
    })
    .map(({ path: file }) => file);
}

const files = repositoryFiles(".");
/** The folders of what is published. */
const packages = files
  .flatMap((file) => /^packages\/([^/]+)\/package\.json$/.exec(file)?.[1] ?? [])
  .filter(
    (name) => !readFileSync(path.join(root, "packages", name, "package.json"), "utf8").includes('"private"'),
  );
const [first, second] = [temporaryDirectory("packed"), temporaryDirectory("packed-again-elsewhere")];
const ones = await packIn(first);
const others = await packIn(second);
/** @type {string[]} */
const complaints = [];
for (const [at, packed] of ones.entries()) {
  const name = packages[at] ?? "";
  if (packed.integrity !== others[at]?.integrity)
    complaints.push(`SC-02: ${name} is another after a second build`);
  for (const file of strangers(name, packed)) complaints.push(`SC-02: ${packed.filename} has ${file}`);
  const held = new Set(packed.files.map((file) => file.path));
  for (const file of files) {
    const [, source = ""] =
      new RegExp(`^packages/${name}/((?:src|java)/.*|LICENSE|README\\.md)$`).exec(file) ?? [];
    if (source !== "" && !held.has(source)) complaints.push(`SC-02: ${packed.filename} lacks ${source}`);
  }
  console.log(`${packed.filename}: ${packed.files.length} files, ${packed.integrity}`);
}
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;

const [target] = process.argv.slice(2);
if (target !== undefined && complaints.length === 0) {
  mkdirSync(target, { recursive: true });
  for (const { filename } of ones) copyFileSync(path.join(first, filename), path.join(target, filename));
}
