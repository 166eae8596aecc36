// SPDX-License-Identifier: Apache-2.0
// What the cases of OkHttp talk to besides the servers of the contract and of hostile peers. Takes a certificate and its key as
// JSON, prints where it listens as JSON, ends with its input, and by itself after some minutes.
import { createServer } from "node:net";
import { deflate } from "halyard/deflate";
import { WebSocketServer } from "halyard/server";
import { Peer } from "../../../halyard/test/runtimes/hostile-peer.mjs";
import { httpProxy, socksProxy } from "./proxies.mjs";

const identity = JSON.parse(process.argv[2]);
/** How many messages a flood has sent, by its id. @type {Map<string, number>} */
const sent = new Map();

const limits = { maxMessageSize: 32 * 2 ** 20, maxFrameSize: 32 * 2 ** 20 };
const server = routes(new WebSocketServer(limits));
const compressing = routes(new WebSocketServer({ extensions: [deflate()] }));
const secure = routes(new WebSocketServer({ tls: identity }));

function routes(server) {
  const parameter = (session, name) => session.call.request.url.searchParams.get(name);
  server.webSocket("/echo", async (session) => {
    for await (const frame of session.incoming) await session.send(frame);
  });
  server.webSocket("/headers", (session) =>
    session.send(JSON.stringify(Object.fromEntries(session.call.request.headers))),
  );
  server.webSocket("/sizes", async (session) => {
    for await (const frame of session.incoming) await session.send(String(frame.size));
  });
  // Waits with every message until the one before it is written.
  server.webSocket("/flood", async (session) => {
    const id = parameter(session, "id");
    const message = new Uint8Array(Number(parameter(session, "size")));
    for (let count = 1; count <= Number(parameter(session, "messages")); count++) {
      await session.send(message);
      await session.flush();
      sent.set(id, count);
    }
  });
  server.webSocket("/flooded", async (session) => {
    for await (const frame of session.incoming) await session.send(String(sent.get(frame.readText()) ?? 0));
  });
  server.webSocket("/large", async (session) => {
    await session.send(new Uint8Array(Number(parameter(session, "size"))));
    await session.ended;
  });
  return server;
}

/** The code of the Close frame that answered ours, by id. */
const answers = new Map();

/** @type {Record<string, (peer: Peer, query: URLSearchParams) => unknown>} */
const scripts = {
  "/mute": (peer) => {
    peer.agree();
    return peer.drain();
  },
  // Sends a Close frame as it is given, and keeps the code that answers it.
  "/close": async (peer, query) => {
    peer.agree();
    peer.send(Buffer.from(query.get("hex"), "hex"));
    const { payload } = await peer.frame();
    answers.set(query.get("id"), payload.length < 2 ? null : payload.readUInt16BE());
    peer.socket.end();
  },
  "/answer": (peer, query) => {
    peer.agree();
    peer.message(JSON.stringify(answers.get(query.get("id")) ?? null));
    return peer.drain();
  },
  "/agree": (peer, query) => {
    peer.agree({ headers: query.get("headers") });
    return peer.drain();
  },
  // Reads nothing for a while; says when it begins to, if it is asked to.
  "/late": async (peer, query) => {
    peer.agree();
    peer.socket.pause();
    setTimeout(
      () => {
        if (query.has("tell")) peer.message("reading");
        peer.socket.resume();
      },
      Number(query.get("pause")),
    );
    const { messages, bytes, code } = await peer.until(8);
    answers.set(query.get("id"), { messages, bytes, code });
    peer.close(1000, "");
    peer.socket.end();
  },
  // Reads nothing, and closes when nothing more can be written, so that no answer can.
  "/never-read-and-close": (peer) => {
    peer.agree();
    peer.socket.pause();
    setTimeout(() => peer.close(4001, ""), 2_000);
    return peer.drain();
  },
};

const raw = createServer((socket) => void run(new Peer(socket)));

async function run(peer) {
  try {
    const { pathname, searchParams } = new URL(await peer.target(), "ws://raw");
    await scripts[pathname](peer, searchParams);
  } catch (error) {
    if (!peer.isGone) process.stderr.write(`server: ${error?.stack ?? error}\n`);
  }
}

const listening = (each) =>
  new Promise((resolve) => each.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${each.address().port}`)));
const { url } = await server.listen();
const { url: secureUrl } = await secure.listen();
const { url: compressingUrl } = await compressing.listen();
const [rawHost, http, socks] = await Promise.all(
  [raw, httpProxy("user", "pass"), socksProxy()].map(listening),
);
process.stdout.write(
  `${JSON.stringify({ url, secureUrl, compressingUrl, raw: `ws://${rawHost}`, http, socks })}\n`,
);
process.stdin.on("end", () => process.exit()).resume();
setTimeout(() => process.exit(1), 15 * 60_000);
