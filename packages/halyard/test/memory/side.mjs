// SPDX-License-Identifier: Apache-2.0

/**
 * One process of a measurement, started by `run.mjs`: `node side.mjs server|client CASE [PORT]`. It prints a line of JSON
 * for each thing to be told, and ends with its input.
 */
import { once } from "node:events";
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { WebSocketServer } from "halyard/server";
import { cases } from "./cases.mjs";

const [role, name, port] = process.argv.slice(2);
const { config = {}, server: serve, client: use } = cases[name];

const before = await settledKiB();
await (role === "server" ? runServer() : runClient());
process.exit();

async function runServer() {
  const server = new WebSocketServer(config);
  let open = 0;
  server.webSocket("/", (session) => {
    open++;
    return serve(session);
  });
  tell(await server.listen({ host: "127.0.0.1", port: 0 }));
  await inputEnds();
  await report("server", open);
}

async function runClient() {
  const client = new HttpClient(Cio).install(WebSockets, config);
  const result = await use({ client, url: `ws://127.0.0.1:${port}/`, port: Number(port) });
  await report("client", result?.open?.length, result?.measured);
  await inputEnds();
}

async function report(side, open, measured) {
  const peak = process.resourceUsage().maxRSS / 1024;
  const held = (await settledKiB()) - before;
  tell({ [`MiB of the ${side} at most`]: peak, [`KiB a session of the ${side}`]: held / open, ...measured });
}

/** What the process holds when all garbage is gone. */
async function settledKiB() {
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    globalThis.gc();
  }
  return process.memoryUsage.rss() / 1024;
}

function tell(measured) {
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

async function inputEnds() {
  process.stdin.resume();
  await once(process.stdin, "end");
}
