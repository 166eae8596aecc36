// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";

const example = new URL("../../", import.meta.url);

/** What is served: there is no other way from a URL to a file. */
const files: Record<string, { file: string; type: string }> = {
  "/": { file: "page/index.html", type: "text/html; charset=utf-8" },
  "/style.css": { file: "page/style.css", type: "text/css; charset=utf-8" },
  "/app.js": { file: "dist/page/app.js", type: "text/javascript; charset=utf-8" },
};

const headers = {
  // Nothing that somebody writes can become a script, and no other page can frame this one.
  "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/** Answers with a file of the page. */
export async function servePage(pathname: string, response: ServerResponse): Promise<void> {
  const found = Object.hasOwn(files, pathname) ? files[pathname] : undefined;
  if (found === undefined) {
    response.writeHead(404, { ...headers, "Content-Type": "text/plain" }).end("Not found\n");
    return;
  }
  const content = await readFile(fileURLToPath(new URL(found.file, example)));
  response.writeHead(200, { ...headers, "Content-Type": found.type }).end(content);
}

/** Answers with data. */
export function serveJson(status: number, value: unknown, response: ServerResponse): void {
  response.writeHead(status, { ...headers, "Content-Type": "application/json" }).end(JSON.stringify(value));
}
