// SPDX-License-Identifier: Apache-2.0
// Checks that the documentation is true: every fenced `ts` block compiles against the sources, every error code has
// its heading in docs/errors.md, every relative link leads somewhere. A page may declare names for its blocks in a
// comment of the form `<!-- preamble: declare const url: string; -->`.
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root, run, temporaryDirectory } from "./workspace.mjs";

const errorsPage = "docs/errors.md";
/** @type {string[]} */
const complaints = [];

/** @param {string} folder @param {RegExp} name */
function filesIn(folder, name) {
  const directory = path.join(root, folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((file) => name.test(file) && !/(?:^|[/\\])(?:node_modules|dist|\.vitepress)[/\\]/.test(file))
    .map((file) => path.join(folder, file))
    .toSorted();
}

const rootPages = readdirSync(root).filter((file) => file.endsWith(".md"));
const pages = [
  ...rootPages,
  ...filesIn("docs", /\.md$/),
  ...filesIn("packages", /README\.md$/),
  ...filesIn("examples", /\.md$/),
];
if (!pages.includes("README.md")) complaints.push("README.md is missing");

/** @typedef {{ page: string, line: number, code: string }} Block */

/**
 * The page without its code blocks, and the `ts` blocks among those. Lines keep their numbers.
 * @param {string} page
 * @returns {{ prose: string, blocks: Block[] }}
 */
function split(page) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {string[]} */
  const prose = [];
  /** @type {{ fence: string, indent: number, language: string, line: number, lines: string[] } | undefined} */
  let open;
  const lines = readFileSync(path.join(root, page), "utf8").split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const [, indent = "", fence = "", language = ""] = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(line) ?? [];
    prose.push("");
    if (open === undefined) {
      if (fence === "") prose[index] = line;
      else open = { fence, indent: indent.length, language, line: index + 1, lines: [] };
    } else if (fence.startsWith(open.fence) && language === "") {
      if (open.language === "ts" || open.language === "typescript") {
        blocks.push({ page, line: open.line, code: open.lines.join("\n") });
      }
      open = undefined;
    } else {
      open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
    }
  }
  if (open !== undefined) complaints.push(`${page}:${open.line} the code block has no end`);
  return { prose: prose.join("\n"), blocks };
}

const contents = new Map(pages.map((page) => [page, split(page)]));

async function compileBlocks() {
  const directory = temporaryDirectory("docs");
  symlinkSync(path.join(root, "node_modules"), path.join(directory, "node_modules"), "junction");
  writeFileSync(path.join(directory, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const compilerOptions = {
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    rewriteRelativeImportExtensions: false,
    types: ["node"],
    customConditions: ["@halyard/source"],
  };
  /** @type {Map<string, string>} */
  const pageOf = new Map();
  for (const [page, { prose, blocks }] of contents) {
    const preamble = [...prose.matchAll(/<!--\s*preamble:(.*?)-->/gs)].map(([, code = ""]) =>
      code.replaceAll(/\s*\n\s*/g, " "),
    );
    for (const block of blocks) {
      const file = `block-${pageOf.size}.ts`;
      pageOf.set(file, page);
      // Blank lines before the block make the compiler's line numbers those of the page.
      const text = preamble.join(" ") + "\n".repeat(block.line) + block.code + "\nexport {};\n";
      writeFileSync(path.join(directory, file), text);
    }
  }
  if (pageOf.size === 0) return 0;
  const config = {
    extends: path.join(root, "tsconfig.base.json"),
    compilerOptions,
    files: [...pageOf.keys()],
  };
  writeFileSync(path.join(directory, "tsconfig.json"), JSON.stringify(config));
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
  const { code, output } = await run(process.execPath, [tsc, "-p", directory, "--pretty", "false"], {
    cwd: directory,
  });
  if (code !== 0)
    complaints.push(output.trim().replaceAll(/block-\d+\.ts/g, (file) => pageOf.get(file) ?? file));
  return pageOf.size;
}

function checkErrorCodes() {
  const sources = filesIn("packages", /[/\\]src[/\\].*\.ts$/);
  const text = sources.map((file) => readFileSync(path.join(root, file), "utf8")).join("\n");
  const codes = new Set(text.match(/\bERR_HALYARD_[A-Z\d]+(?:_[A-Z\d]+)*/g));
  const headings = contents.get(errorsPage)?.prose.match(/^#+ .*$/gm) ?? [];
  const documented = new Set(headings.join("\n").match(/\bERR_HALYARD_[A-Z\d]+(?:_[A-Z\d]+)*/g));
  for (const code of codes)
    if (!documented.has(code)) complaints.push(`${errorsPage}: no heading for ${code}`);
  for (const code of documented)
    if (!codes.has(code)) complaints.push(`${errorsPage}: ${code} is not in the sources`);
  return codes.size;
}

/** The anchors of a page's headings, as forges make them. @param {string} prose */
function anchorsOf(prose) {
  /** @type {Map<string, number>} */
  const times = new Map();
  return new Set(
    [...prose.matchAll(/^#+ +(.*?)\s*$/gm)].map(([, heading = ""]) => {
      const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const slug = text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
      const seen = times.get(slug) ?? 0;
      times.set(slug, seen + 1);
      return seen === 0 ? slug : `${slug}-${seen}`;
    }),
  );
}

function checkLinks() {
  let links = 0;
  for (const [page, { prose }] of contents) {
    const text = prose.replaceAll(/`[^`\n]*`/g, "``");
    const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)];
    const referenced = [...text.matchAll(/^\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/gm)];
    for (const [, target = ""] of [...inline, ...referenced]) {
      if (/^[a-z][a-z\d+.-]*:/i.test(target)) continue;
      links += 1;
      const [file = "", anchor = ""] = decodeURI(target).split("#");
      const linked = file === "" ? page : path.normalize(path.join(path.dirname(page), file));
      if (linked.startsWith("..") || !existsSync(path.join(root, linked))) {
        complaints.push(`${page}: the link ${target} leads nowhere`);
      } else if (
        anchor !== "" &&
        contents.has(linked) &&
        !anchorsOf(contents.get(linked)?.prose ?? "").has(anchor)
      ) {
        complaints.push(`${page}: ${linked} has no heading #${anchor}`);
      }
    }
  }
  return links;
}

const blocks = await compileBlocks();
const codes = checkErrorCodes();
const links = checkLinks();
for (const complaint of complaints) console.error(complaint);
console.log(
  `docs: ${pages.length} pages, ${blocks} blocks, ${codes} error codes, ${links} links, ${complaints.length} complaints`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;
