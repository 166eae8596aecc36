// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { allPages, groups, slug } from "../pages.mjs";

const built = new URL("../.build/pages/", import.meta.url);

/** The first heading of a page. @param {string} page */
function titleOf(page) {
  const [, title = page] = /^# (.*)$/m.exec(readFileSync(new URL(`${page}.md`, built), "utf8")) ?? [];
  return title;
}

/** @param {string | { text: string, link: string }} page */
const entry = (page) => (typeof page === "string" ? { text: titleOf(page), link: `/${page}` } : page);
/** @param {string} folder */
const pagesIn = (folder) =>
  [...allPages().values()]
    .filter((page) => page.startsWith(folder))
    .map((page) => entry(page.replace(/\.md$/, "")));

const reference = JSON.parse(readFileSync(new URL("api/typedoc-sidebar.json", built), "utf8"));

export default defineConfig({
  title: "Halyard",
  description: "Ktor's WebSocket client for TypeScript",
  srcDir: ".build/pages",
  outDir: ".build/site",
  cacheDir: ".build/cache",
  cleanUrls: true,
  markdown: { anchor: { slugify: slug } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Guide", link: "/guide" },
      { text: "FAQ", link: "/faq" },
      { text: "Reference", link: "/api/" },
    ],
    sidebar: [
      ...groups.map(({ text, pages }) => ({ text, items: pages.map(entry) })),
      { text: "Reference", collapsed: true, link: "/api/", items: reference },
      { text: "Examples", collapsed: true, items: pagesIn("examples/") },
      {
        text: "Project",
        collapsed: true,
        items: ["design", "contributing", "security", "changelog"].map(entry),
      },
      { text: "Decisions", collapsed: true, items: pagesIn("adr/") },
    ],
  },
});
