// SPDX-License-Identifier: Apache-2.0
// Builds the documentation site to site/.build/site: the pages of the repository, and the reference that TypeDoc makes of the sources.
// A dead link, a page that is not in the navigation, and a warning of TypeDoc fail it.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "../runtimes/install.mjs";
import { allEntries } from "../scripts/workspace.mjs";
import { allPages, misplaced, relink, root } from "./pages.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const pagesFolder = path.join(here, ".build", "pages");

/** @param {string} tool @param {string[]} args */
function runTool(tool, ...args) {
  const { status } = spawnSync(process.execPath, [path.join(here, "node_modules", tool), ...args], {
    cwd: here,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`${tool} ended with ${status}`);
}

const lost = misplaced();
if (lost.length > 0) throw new Error(`site/pages.mjs and docs disagree about ${lost.join(", ")}`);
const problem = install(here);
if (problem !== undefined) throw new Error(`what makes the site could not be installed: ${problem}`);

rmSync(path.join(here, ".build"), { recursive: true, force: true });
mkdirSync(pagesFolder, { recursive: true });

/** @type {{ repository?: { url: string } }} */
const { repository } = JSON.parse(readFileSync(path.join(root, "packages/halyard/package.json"), "utf8"));
const sources = repository && `${repository.url.replace(/^git\+|\.git$/g, "")}/blob/main/`;
const pages = allPages();
for (const [file, page] of pages) {
  const target = path.join(pagesFolder, page);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, relink(readFileSync(path.join(root, file), "utf8"), file, pages, sources));
}
cpSync(path.join(here, "home.md"), path.join(pagesFolder, "index.md"));
cpSync(path.join(root, "docs/images"), path.join(pagesFolder, "images"), { recursive: true });
for (const file of readdirSync(path.join(root, "docs")).filter((name) => name.endsWith(".svg"))) {
  cpSync(path.join(root, "docs", file), path.join(pagesFolder, file));
}

const documented = [...allEntries().map(({ source }) => source), path.join(here, "frames.ts")];
runTool("typedoc/bin/typedoc", ...documented.flatMap((source) => ["--entryPoints", source]));
runTool("vitepress/bin/vitepress.js", "build");
const html = readdirSync(path.join(here, ".build/site"), { recursive: true, encoding: "utf8" });
console.log(`site: ${html.filter((file) => file.endsWith(".html")).length} pages in site/.build/site`);
