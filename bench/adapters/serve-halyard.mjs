// SPDX-License-Identifier: Apache-2.0
// Halyard's server.
import { Frame } from "halyard";
import { WebSocketServer } from "halyard/server";

/** @returns {Promise<import("../cell.mjs").Serving>} */
export async function serve() {
  /** @type {Set<import("halyard").DefaultWebSocketSession>} */
  const sessions = new Set();
  const server = new WebSocketServer().webSocket("/", async (session) => {
    sessions.add(session);
    for await (const frame of session.incoming) await session.send(frame);
    sessions.delete(session);
  });
  const { port } = await server.listen();
  return {
    port,
    async broadcast(text) {
      const frame = new Frame.Text(text);
      await Promise.all(Array.from(sessions, (session) => session.send(frame)));
    },
  };
}
