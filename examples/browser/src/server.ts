// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { upgradeWebSocket } from "halyard/server";

const here = fileURLToPath(new URL("..", import.meta.url));
const types: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".map": "application/json",
};

/** Without a bundler: the modules of the package as they are, named by an import map. */
const modules = `<script type="importmap">
      {
        "imports": {
          "halyard": "/halyard/index.js",
          "#default-engine": "/halyard/engines/js/default-engine.js"
        }
      }
    </script>
    <script type="module" src="/page/app.js"></script>`;
/** With one: a file that has everything. */
const bundle = '<script type="module" src="/bundle/app.js"></script>';

/** Where files are, by the beginning of their URL. */
const folders: Record<string, string> = {
  "/halyard/": fileURLToPath(new URL(".", import.meta.resolve("halyard"))),
  "/page/": path.join(here, "dist", "page"),
  "/bundle/": path.join(here, "dist", "bundle"),
  "/style.css": path.join(here, "page", "style.css"),
};

/** Serves the page, `/` without a bundler and `/bundled` with one, and an echo at `/echo`. */
export async function serve(port: number): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    void answer(pathname, response);
  });
  server.on("upgrade", (request, socket, head) =>
    upgradeWebSocket(request, socket, head, async (session) => {
      await session.send("Welcome. What you send comes back.");
      for await (const frame of session.incoming) await session.send(frame);
    }),
  );
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function answer(pathname: string, response: ServerResponse): Promise<void> {
  try {
    response.setHeader("Cache-Control", "no-cache");
    if (pathname === "/" || pathname === "/bundled") {
      const html = await readFile(path.join(here, "page", "index.html"), "utf8");
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      response.end(html.replace("<!-- scripts -->", pathname === "/" ? modules : bundle));
      return;
    }
    const content = await readFile(fileFor(pathname));
    response.setHeader("Content-Type", types[path.extname(pathname)] ?? "application/octet-stream");
    response.end(content);
  } catch {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("Not found\n");
  }
}

/** A URL's path has no `..` in it any more. */
function fileFor(pathname: string): string {
  for (const [prefix, folder] of Object.entries(folders)) {
    if (pathname === prefix) return folder;
    if (prefix.endsWith("/") && pathname.startsWith(prefix))
      return path.join(folder, pathname.slice(prefix.length));
  }
  throw new Error(`nothing is at ${pathname}`);
}
