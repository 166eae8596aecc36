// SPDX-License-Identifier: Apache-2.0
// What a process of its own does with sessions, and then does no more: processes.program.mjs SCENARIO URL
import { isMainThread, Worker } from "node:worker_threads";
import { HttpClient, WebSockets } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";

const [scenario = "", url = ""] = process.argv.slice(2);
const client = new HttpClient().install(WebSockets, {
  handshakeTimeout: 2_000,
  closeTimeout: 200,
  pingInterval: 50,
});

/** Leaves everything that a session has and does to itself; only what a call gives is looked after. */
async function leaveAlone(target: string): Promise<void> {
  const session = await client.webSocketSession(target);
  const { closeReason, ended, signal } = session;
  void [closeReason, ended, signal];
  for await (const _ of session.incoming) break;
  session.incoming[Symbol.asyncIterator]();
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield "part";
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const scenarios: Record<string, () => unknown> = {
  /** Nothing but the session holds the process. */
  idle: () =>
    client.webSocket(url, async (session) => {
      for await (const frame of session.incoming)
        process.stdout.write(frame.type === "text" ? frame.readText() : "");
    }),
  closed: async () => {
    await client.webSocket(url, () => undefined);
    await client.close();
  },
  /** The client is left open, and nothing of it may hold the process. */
  leftOpen: () => client.webSocket(url, () => undefined),
  failed: () => client.webSocketSession(url).catch(() => undefined),
  unobserved: () => leaveAlone(url).catch(() => undefined),
  aborted: async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const opening = client.webSocket({ url, signal }, async (session) => {
      // What is under way when it is over.
      const under = [
        session.send(endless()),
        session.send("behind it"),
        session.flush(),
        session.incoming.receive(),
      ];
      setTimeout(() => controller.abort(), 20);
      await Promise.allSettled(under);
    });
    await opening.catch(() => undefined);
  },
  server: async () => {
    const server = new WebSocketServer({ onError: () => undefined }).webSocket("/", () =>
      Promise.reject(new Error("boo")),
    );
    const { url: own } = await server.listen();
    await leaveAlone(own).catch(() => undefined);
    await server.close();
  },
  exits: async () => {
    await client.webSocketSession(url);
    process.exit(7);
  },
  throws: async () => {
    await client.webSocketSession(url);
    throw new Error("the program's own");
  },
  worker: async () => {
    if (!isMainThread) {
      await client.webSocketSession(url);
      process.stdout.write("open");
      return;
    }
    const worker = new Worker(new URL(import.meta.url), { argv: [scenario, url], stdout: true });
    await new Promise((resolve) => worker.stdout.once("data", resolve));
    process.stdout.write(`terminated ${await worker.terminate()}`);
  },
};

await scenarios[scenario]?.();
