// SPDX-License-Identifier: Apache-2.0

/** The testee: an echo server on Halyard's public API, as built. Usage: node server.mjs <url to listen at> */
import { WebSocketServer } from "halyard/server";
import { sessionOptions } from "./testee.mjs";

const { hostname, port } = new URL(process.argv[2]);
const server = new WebSocketServer(sessionOptions).webSocket("/", async (session) => {
  for await (const frame of session.incoming) await session.send(frame);
});
await server.listen({ host: hostname, port: Number(port) });
