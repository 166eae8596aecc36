// SPDX-License-Identifier: Apache-2.0
// The pages of the site are those of the repository as they are: where each one goes, in which order they are listed, and what becomes of
// the links between them.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const server = { text: "Server", link: "/guide#server" };

/**
 * The navigation: pages of `docs` by their names, or a part of one. A page that is in no group fails the build.
 * @type {{ text: string, pages: (string | { text: string, link: string })[] }[]}
 */
export const groups = [
  { text: "Start", pages: ["getting-started", "guide", "chat", "faq"] },
  { text: "Engines", pages: ["engines", "okhttp", "darwin"] },
  { text: "Sessions", pages: ["closing", "errors", "compression", "typed-messages", "streaming", server] },
  { text: "HTTP side", pages: ["http", "proxies", "http2", "tls"] },
  { text: "Testing and runtimes", pages: ["testing", "runtimes", "conformance"] },
  { text: "Performance", pages: ["benchmarks"] },
  { text: "Reliability", pages: ["reliability", "threats", "memory", "event-loop"] },
  { text: "Coming from Ktor", pages: ["differences-from-ktor", "ktor-parity", "ktor"] },
  { text: "Coming from others", pages: ["migrating-from-ws", "migrating-from-websocket"] },
];

/** Pages outside of `docs`, by where they go. @type {Record<string, string>} */
const others = {
  "DESIGN.md": "design.md",
  "CONTRIBUTING.md": "contributing.md",
  "SECURITY.md": "security.md",
  "CHANGELOG.md": "changelog.md",
  "README.md": "readme.md",
};

/** @param {string} folder */
const markdownIn = (folder) => readdirSync(path.join(root, folder)).filter((file) => file.endsWith(".md"));

/** Every page: its file in the repository, and its file in the site. @returns {Map<string, string>} */
export function allPages() {
  const pages = new Map(Object.entries(others));
  for (const file of markdownIn("docs")) {
    pages.set(`docs/${file}`, file === "README.md" ? "pages.md" : file);
  }
  for (const file of markdownIn("docs/adr")) pages.set(`docs/adr/${file}`, `adr/${file}`);
  for (const folder of readdirSync(path.join(root, "examples"))) {
    const file = `examples/${folder}/README.md`;
    if (existsSync(path.join(root, file))) pages.set(file, `examples/${folder}.md`);
  }
  return pages;
}

/** The pages of `docs` that no group lists, and those listed that are not there. */
export function misplaced() {
  const listed = groups.flatMap(({ pages }) =>
    pages.flatMap((page) => (typeof page === "string" ? `${page}.md` : [])),
  );
  const present = markdownIn("docs").filter((file) => file !== "README.md");
  return [
    ...present.filter((file) => !listed.includes(file)),
    ...listed.filter((file) => !present.includes(file)),
  ];
}

/**
 * A page with links to other pages and to pictures of docs that hold in the site. What is linked otherwise is a source, which the site
 * does not have: its name stays, as text, or leads to the repository.
 * @param {string} text
 * @param {string} file in the repository
 * @param {Map<string, string>} pages
 * @param {string | undefined} repository where sources can be read, ending with a slash
 */
export function relink(text, file, pages, repository) {
  // What is code stays as it is.
  const parts = /(^```.*?^```$|`[^`\n]*`(?!\]))|(!?)\[((?:`[^`\n]*`|[^\]`])*)\]\(([^)\s]+)\)/gms;
  return text.replaceAll(parts, (whole, code, picture, label, target) => {
    if (code !== undefined || /^(?:[a-z][a-z\d+.-]*:|#)/i.test(target)) return whole;
    const [linked = "", anchor] = target.split("#");
    const source = path.posix.normalize(path.posix.join(path.posix.dirname(file), linked));
    if (picture === "!") return `![${label}](/${source.replace(/^docs\//, "")})`;
    const page = pages.get(source) ?? pages.get(`${source.replace(/\/$/, "")}/README.md`);
    if (page !== undefined) {
      return `[${label}](/${page.replace(/\.md$/, "")}${anchor === undefined ? "" : `#${anchor}`})`;
    }
    return repository === undefined ? label : `[${label}](${repository}${source})`;
  });
}

/** The anchor of a heading, as forges make it. @param {string} heading */
export const slug = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
