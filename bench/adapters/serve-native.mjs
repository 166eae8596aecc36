// SPDX-License-Identifier: Apache-2.0
// The server that Bun itself has.
const { Bun } = /** @type {any} */ (globalThis);

/** @returns {Promise<import("../cell.mjs").Serving>} */
export async function serve() {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (/** @type {unknown} */ request, /** @type {any} */ its) =>
      its.upgrade(request) ? undefined : new Response("a WebSocket is expected", { status: 426 }),
    websocket: {
      open: (/** @type {any} */ socket) => socket.subscribe("all"),
      message: (/** @type {any} */ socket, /** @type {string} */ message) => socket.send(message),
    },
  });
  return { port: server.port, broadcast: (text) => server.publish("all", text) };
}
