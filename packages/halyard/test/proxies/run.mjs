// SPDX-License-Identifier: Apache-2.0

/**
 * Opens sessions through real proxies, on every way and with both schemes, and is refused by them in every way; and holds the table in
 * docs/proxies.md against what came of it. Needs Debian's squid-openssl, tinyproxy, microsocks and dante-server.
 *
 *   node run.mjs [--write]     writes the table
 */
import { Socket } from "node:net";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { WebSocketServer } from "halyard/server";
import { Tally } from "../runtimes/tally.mjs";
import { certificates } from "./certificates.mjs";
import { checkPage, tableOf } from "./page.mjs";
import { Programs, password } from "./programs.mjs";
import { refusals, ways } from "./ways.mjs";

const { values: options } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const patience = 10_000;
const tally = new Tally();
const programs = new Programs();
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => void programs.stop().then(() => process.exit(1)));

/** Where connections went, in order: what a direct one would give away. @type {number[]} */
const dialled = [];
const connect = Reflect.get(Socket.prototype, "connect");
Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  dialled.push(first.port);
  return Reflect.apply(connect, this, args);
};

const { ca, good } = certificates();
const servers = [
  await listen("ws, HTTP/1.1", "ws"),
  await listen("wss, HTTP/1.1", "wss", { tls: good }),
  // Without TLS nobody asks for it: both sides have to know.
  await listen("ws, HTTP/2", "ws", { http2: true }, { http2: "require" }),
  await listen("wss, HTTP/2", "wss", { http2: true, tls: good }, { http2: "require" }),
];

try {
  const ports = await programs.start(good);
  const rows = [];
  for (const { title, program, proxy } of ways) {
    const cells = [];
    const began = Date.now();
    const failures = [];
    for (const column of servers) {
      const fault = await faultOf(() => pass(proxy(ports), column));
      if (fault !== null) failures.push(`${column.title}: ${fault}`);
      cells.push(fault === null);
    }
    rows.push({ title, program, cells });
    tally.count([title, program].filter(Boolean).join(", "), cells.length - failures.length, failures, began);
  }
  for (const refusal of refusals) {
    const began = Date.now();
    const fault = await faultOf(() => beRefused(refusal, ports));
    tally.count(refusal.title, fault === null ? 1 : 0, fault === null ? [] : [fault], began);
  }
  const table = tableOf(
    servers.map(({ title }) => title),
    rows,
  );
  const complaints = checkPage(table, options.write);
  tally.count("the table in docs/proxies.md", complaints.length === 0 ? 1 : 0, complaints, Date.now());
} finally {
  await programs.stop();
  await Promise.all(servers.map(({ server }) => server.close()));
}
tally.end();

/** @param {() => Promise<void>} run @returns {Promise<string | null>} */
async function faultOf(run) {
  try {
    await run();
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/**
 * A column of the table: a server, and an engine that speaks as it does.
 * @param {string} title @param {"ws" | "wss"} scheme
 * @param {import("halyard/server").WebSocketServerOptions} [options]
 * @param {import("halyard/cio").CioOptions} [engine]
 */
async function listen(title, scheme, options = {}, engine = {}) {
  const server = new WebSocketServer(options).webSocket("/echo", async (session) => {
    // Nothing of a proxy may come as far as this.
    const { headers } = session.call.request;
    if ([...headers].some(([name]) => name.toLowerCase().startsWith("proxy-")))
      throw new Error("a proxy's header");
    for await (const frame of session.incoming) await session.send(frame);
  });
  const { port } = await server.listen();
  return { title, scheme, engine, port, server };
}

/** Messages, small and large, both ways, and a clean end. @param {string | false} proxy */
async function pass(proxy, { scheme, engine, port }) {
  dialled.length = 0;
  const client = new HttpClient(Cio, { ...engine, proxy, proxyTls: { ca }, tls: { ca } }).install(
    WebSockets,
    {
      handshakeTimeout: patience,
    },
  );
  try {
    const session = await client.webSocketSession(`${scheme}://localhost:${port}/echo`);
    for (const size of [0, 5, 100_000, 1 << 20]) {
      await session.send(new Uint8Array(size).fill(size & 0xff));
      const { data } = await session.incoming.receive({ signal: AbortSignal.timeout(patience) });
      if (data.length !== size || data.at(-1) !== (size === 0 ? undefined : size & 0xff))
        throw new Error(`${size} bytes came back as ${data.length}`);
    }
    const { clean, reason } = await session.close();
    if (!clean || reason.code !== 1000)
      throw new Error(`it ended with ${reason.code}, ${clean ? "" : "not "}clean`);
  } finally {
    await client.close();
  }
  const wanted = proxy === false ? port : Number(new URL(proxy).port);
  if (dialled.length === 0 || dialled.some((each) => each !== wanted))
    throw new Error(`connections went to ${dialled.join(", ")}, not to ${wanted}`);
}

async function beRefused(
  { proxy, port = servers[1].port, error: wanted, cause = {}, untrusted, timeout = patience },
  ports,
) {
  const client = new HttpClient(Cio, {
    proxy: await proxy(ports),
    proxyTls: untrusted ? {} : { ca },
    tls: { ca },
  }).install(WebSockets, { handshakeTimeout: timeout });
  try {
    const session = await client.webSocketSession(`wss://127.0.0.1:${port}/echo`);
    session.cancel();
  } catch (error) {
    check(error, wanted);
    check(error.cause ?? {}, cause);
    const shown = `${error.stack} ${JSON.stringify(error)}`;
    if (shown.includes(password) || shown.includes(encodeURIComponent(password)))
      throw new Error("the error shows a secret");
    return;
  } finally {
    await client.close();
  }
  throw new Error("it was not refused");
}

/** @param {object} error @param {object} wanted */
function check(error, wanted) {
  for (const [name, value] of Object.entries(wanted))
    if (!isDeepStrictEqual(error[name], value))
      throw new Error(`${name} is ${error[name]}, not ${value}, of ${error.stack}`);
}
