// SPDX-License-Identifier: Apache-2.0
// Runs the server and a client that talks to it: `PORT` says where, 8080 by default.
import { converse } from "./client.js";
import { inputLines } from "./lines.js";
import { greetingServer } from "./server.js";

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const port = Number(process.env["PORT"] ?? 8080);

const server = greetingServer();
const lines = inputLines(print);
try {
  const listening = await server.listen({ port });
  const reason = await converse(listening.port, lines, print);
  print(`Closed: ${reason.code} ${reason.message}`.trimEnd());
} catch (error) {
  const inUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  process.stderr.write(inUse ? `port ${port} is in use: set PORT to another one\n` : `${String(error)}\n`);
  process.exitCode = 1;
} finally {
  await lines.return(undefined);
  await server.close();
}
