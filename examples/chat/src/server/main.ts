// SPDX-License-Identifier: Apache-2.0
// Runs the server. PORT and HOST say where, ORIGINS which other pages may connect, REDIS_URL with which other servers
// it shares its rooms.
import { InProcessBus } from "../bus/in-process.js";
import { RedisBus } from "../bus/redis.js";
import { serveChat } from "./server.js";

const { PORT = "8080", HOST, ORIGINS, REDIS_URL } = process.env;

try {
  const bus = REDIS_URL === undefined ? new InProcessBus() : await RedisBus.connect(REDIS_URL);
  const server = await serveChat({ bus, port: Number(PORT), host: HOST, origins: ORIGINS?.split(",") });
  process.stdout.write(`${server.url} is the chat; in a terminal: npm run chat -- --name Ann --room tea\n`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void server.close());
} catch (error) {
  process.stderr.write(
    `The server cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
