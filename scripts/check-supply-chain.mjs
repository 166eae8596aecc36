// SPDX-License-Identifier: Apache-2.0
// What can come into a build, or into the machine of who installs a package: every dependency is one version, every lock
// has its hash, no script runs at an installation but those below, and workflows run what is pinned with few rights.
// The ids are those of docs/threats.md.
import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryFiles, root } from "./workspace.mjs";

/** What npm runs for who installs a package, or a checkout of it. */
const installScripts = [
  "preinstall",
  "install",
  "postinstall",
  "prepublish",
  "preprepare",
  "prepare",
  "postprepare",
];

/** Ranges that are meant: the program that installs us chooses the version. Besides these, our packages name each other. */
const peers = new Set(["packages/halyard/package.json: undici >=7"]);

/** Packages in our locks that have an install script, which nothing here runs: each works without. @type {Record<string, string[]>} */
const withInstallScript = {
  // It only replaces a launcher by the binary.
  "package-lock.json": ["esbuild"],
  // bufferutil would be compiled where its own binaries do not fit.
  "bench/package-lock.json": ["bufferutil", "esbuild"],
  "site/package-lock.json": ["esbuild"],
};

/** @type {string[]} */
const complaints = [];

/** @param {string} file */
const read = (file) => readFileSync(path.join(root, file), "utf8");

/** @typedef {{ version: string, private?: boolean, engines?: { node?: string }, [field: string]: unknown }} Manifest */

/** @param {Manifest} manifest @param {string} field @returns {[string, string][]} */
const entriesOf = (manifest, field) => Object.entries(manifest[field] ?? {});

/** @param {string} file @param {Manifest} manifest */
function checkManifest(file, manifest) {
  for (const field of ["dependencies", "devDependencies", "optionalDependencies", "overrides"]) {
    for (const [name, version] of entriesOf(manifest, field)) {
      const isExact = /^(?:npm:[@\w./-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version);
      if (!isExact)
        complaints.push(`SC-01: ${file}: ${field} has ${name} ${version}, which is not one version`);
    }
  }
  for (const [name, range] of entriesOf(manifest, "peerDependencies")) {
    const isOurs = name === "halyard" && range === `^${library.version}`;
    const isMeant = isOurs || peers.has(`${file}: ${name} ${range}`) || /^\d+\.\d+\.\d+$/.test(range);
    const isAhead = isOurs && Number.parseInt(manifest.version, 10) > Number.parseInt(library.version, 10);
    if (isAhead) complaints.push(`${file}: ${manifest.version} is ahead of halyard's ${library.version}`);
    if (!isMeant)
      complaints.push(`SC-01: ${file}: the range of the peer ${name}, ${range}, is not on the list`);
  }
  for (const [name] of entriesOf(manifest, "scripts")) {
    if (installScripts.includes(name)) complaints.push(`SC-01: ${file}: ${name} runs at an installation`);
  }
  if (manifest.private === true) return;
  for (const field of ["dependencies", "optionalDependencies", "bundleDependencies", "bundledDependencies"]) {
    if (manifest[field] !== undefined)
      complaints.push(`SC-01: ${file}: ${field} of a package that is published`);
  }
  const range = manifest.engines?.node ?? "no range";
  if (!/^(?:\^20\.19|>=20\.19)\b/.test(range)) complaints.push(`SC-04: ${file}: engines.node is ${range}`);
}

/** @param {string} file */
function checkLock(file) {
  /** @type {{ packages: Record<string, { link?: boolean, resolved?: string, integrity?: string, hasInstallScript?: boolean }> }} */
  const { packages } = JSON.parse(read(file));
  const scripted = new Set();
  for (const [place, { link, resolved, integrity, hasInstallScript }] of Object.entries(packages)) {
    const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(place) ?? [];
    if (hasInstallScript) scripted.add(name ?? place);
    if (name === undefined || link) continue;
    if (!integrity?.startsWith("sha512-")) complaints.push(`SC-01: ${file}: ${name} has no SHA-512`);
    if (resolved !== undefined) complaints.push(`SC-01: ${file}: ${name} is fetched from ${resolved}`);
  }
  const found = [...scripted].toSorted((a, b) => (a < b ? -1 : 1)).join(", ");
  const known = (withInstallScript[file] ?? []).join(", ");
  if (found !== known)
    complaints.push(`SC-01: ${file}: with an install script: ${found}; known are: ${known}`);
}

/** @param {string} file */
function checkWorkflow(file) {
  const text = read(file).replaceAll(/^\s*#.*$/gm, "");
  for (const [, action = ""] of text.matchAll(/\buses:\s*(.*)/g)) {
    if (!/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d/.test(action)) {
      complaints.push(`SC-03: ${file}: ${action} is not pinned by a commit`);
    }
  }
  if (!/^permissions: \{\}$/m.test(text))
    complaints.push(`SC-03: ${file}: jobs have rights that they do not name`);
  if (/\bsecrets\b/.test(text))
    complaints.push(`SC-03: ${file}: a secret that lives long; publishing needs none`);
  for (const job of text.split(/^ {2}(?=[\w-]+:$)/m)) {
    const canWrite = /^ +[\w-]+: write$/m.test(job);
    if (canWrite && /\bnpm (?:ci|i|install|run|exec)\b|\bnpx\b|\bcheckout@/.test(job)) {
      complaints.push(`SC-03: ${file}: a job that may write runs code of others: ${job.split("\n", 1)[0]}`);
    }
  }
}

/** @type {Manifest} */
const library = JSON.parse(read("packages/halyard/package.json"));
const manifests = repositoryFiles("*package.json");
const locks = repositoryFiles("*package-lock.json");
const workflows = repositoryFiles(".github/workflows/*");
for (const file of manifests) checkManifest(file, JSON.parse(read(file)));
for (const file of locks) checkLock(file);
for (const file of workflows) checkWorkflow(file);
const policy = read("SECURITY.md");
const supported = String(library.engines?.node);
if (!policy.includes(`\`${supported}\``))
  complaints.push(`SC-04: SECURITY.md does not name Node \`${supported}\``);

for (const complaint of complaints) console.error(complaint);
console.log(
  `supply chain: ${manifests.length} manifests, ${locks.length} locks, ${workflows.length} workflows, ${complaints.length} complaints`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;
