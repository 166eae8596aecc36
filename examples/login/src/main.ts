// SPDX-License-Identifier: Apache-2.0
// Runs the server and a client that logs in there: `PORT` says where, 8080 by default.
import { once } from "node:events";
import { visit } from "./client.js";
import { chatServer } from "./server.js";

const port = Number(process.env["PORT"] ?? 8080);
const server = chatServer();
server.listen(port, "127.0.0.1");
await once(server, "listening");
try {
  await visit(port, (line) => void process.stdout.write(`${line}\n`));
} finally {
  server.close();
}
