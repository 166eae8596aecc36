// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

/**
 * Serves an empty page at `/`, and files, on loopback. The page is isolated, so that it has SharedArrayBuffer.
 * @param {Record<string, string>} modules files by their paths in the URL
 */
export async function servePage(modules) {
  const server = createServer((request, response) => {
    const file = modules[request.url ?? ""];
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cache-Control", "no-store");
    if (request.url === "/") {
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      response.end("<!doctype html><html lang=en><title>Halyard</title></html>");
    } else if (file === undefined) {
      response.writeHead(404).end();
    } else {
      response.setHeader("Content-Type", "text/javascript; charset=utf-8");
      response.end(readFileSync(file));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
