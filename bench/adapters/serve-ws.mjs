// SPDX-License-Identifier: Apache-2.0
// The server of the package `ws`.
import { once } from "node:events";
import { WebSocketServer } from "ws";

/** @returns {Promise<import("../cell.mjs").Serving>} */
export async function serve() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => {
    socket.on("error", () => socket.terminate());
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    port,
    broadcast(text) {
      for (const socket of server.clients) socket.send(text);
    },
  };
}
