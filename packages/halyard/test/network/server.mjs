// SPDX-License-Identifier: Apache-2.0
// The server of one network, started by `run.mjs`: it prints its port, and how each session has ended, as lines of JSON. It ends
// with its input, and by itself after a minute.
import { createInterface } from "node:readline";
import { WebSocketServer } from "halyard/server";

const [, , host, options] = process.argv;
const server = new WebSocketServer(JSON.parse(options));
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

/** @type {Record<string, (session: import("halyard").DefaultWebSocketSession, came: () => void) => Promise<void>>} */
const handlers = {
  "/echo": async (session, came) => {
    for await (const frame of session.incoming) {
      came();
      await session.send(frame);
    }
  },
  "/takes": async (session, came) => {
    for await (const _ of session.incoming) came();
  },
};

for (const [path, handle] of Object.entries(handlers)) {
  server.webSocket(path, async (session) => {
    let count = 0;
    const handling = handle(session, () => void count++);
    const { clean, reason, initiator, error } = await session.ended;
    const at = Date.now();
    // It throws what has ended the session.
    await Promise.allSettled([handling]);
    tell({ path, at, count, clean, code: reason.code, initiator, error: error?.code });
  });
}

// In a namespace of its own every address is as good as that of loopback.
tell({ port: (await server.listen({ host })).port });
setTimeout(() => process.exit(1), 60_000).unref();
for await (const line of createInterface({ input: process.stdin })) {
  const began = Date.now();
  if (line === "close") await server.close();
  tell({ closed: Date.now() - began });
}
process.exit();
