// SPDX-License-Identifier: Apache-2.0
// The server of the engine contract: prints its URL, ends with its input, and by itself after some minutes.
import { WebSocketServer } from "halyard/server";
import { contractRoutes, contractSubprotocols } from "halyard/testing";

// The pages of browsers come from another server.
const server = new WebSocketServer({ subprotocols: contractSubprotocols, origins: "*" });
contractRoutes(server);
const { url } = await server.listen();
process.stdout.write(`${url}\n`);
process.stdin.on("end", () => process.exit()).resume();
setTimeout(() => process.exit(1), 15 * 60_000);
