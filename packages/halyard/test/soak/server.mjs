// SPDX-License-Identifier: Apache-2.0
// The server's process, started by `run.mjs`.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { deflate } from "halyard/deflate";
import { WebSocketServer } from "halyard/server";
import { receiveStream } from "halyard/streams";
import { certificates } from "../proxies/certificates.mjs";
import { faultyServer } from "./faulty-server.mjs";
import { held } from "./resources.mjs";
import { answer } from "./worker.mjs";

const { ca, otherCa, good } = certificates();
const message = new Uint8Array(1000);
/** @type {WebSocketServer[]} */
const servers = [];
const faulty = faultyServer();
let open = 0;

/** @type {Record<string, (session: import("halyard").DefaultWebSocketSession) => unknown>} */
const routes = {
  "/echo": async (session) => {
    for await (const frame of session.incoming) await session.send(frame);
  },
  "/size": async (session) => {
    let size = 0;
    for await (const chunk of await receiveStream(session)) size += chunk.length;
    await session.send(String(size));
  },
  "/closes": (session) => session.close({ code: 4000, message: "bye" }),
  "/drops": async (session) => {
    await session.incoming.receive();
    session.cancel();
  },
  "/throws": () => {
    throw new Error("planned");
  },
  "/pours": async (session) => {
    while (session.outgoing.isClosedForSend === false) await session.send(message);
  },
  "/idles": (session) => session.closeReason,
};

/** @param {import("halyard/server").WebSocketServerOptions} options */
async function listen(options) {
  const server = new WebSocketServer({
    extensions: [deflate()],
    closeTimeout: 30_000,
    // Who throws on purpose is known; what ends a session is told to its handler as well.
    onError: () => undefined,
    ...options,
  });
  for (const [path, handler] of Object.entries(routes)) {
    server.webSocket(path, async (session) => {
      open++;
      try {
        await handler(session);
        await session.close();
      } finally {
        open--;
      }
    });
  }
  servers.push(server);
  return (await server.listen()).port;
}

answer({
  held,
  listen: async ({ pingInterval }) => {
    faulty.listen(0, "127.0.0.1");
    await once(faulty, "listening");
    const ports = {
      plain: await listen({ pingInterval }),
      plainHttp2: await listen({ pingInterval, http2: true }),
      tls: await listen({ pingInterval, http2: true, tls: good }),
      faulty: faulty.address().port,
    };
    return { ...ports, ca, otherCa };
  },
  // A client that went away is seen a little later.
  idle: async () => {
    const deadline = performance.now() + 10_000;
    while (open > 0 && performance.now() < deadline) await delay(10);
    return open;
  },
  open: () => open,
  close: async () => {
    const isClosed = once(faulty, "close");
    faulty.close();
    await Promise.all([isClosed, ...servers.map((server) => server.close())]);
  },
});
