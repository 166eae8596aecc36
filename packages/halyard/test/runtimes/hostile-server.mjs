// SPDX-License-Identifier: Apache-2.0
// A server on bare TCP that does to a client what the path says. Prints where it listens as JSON, ends with its input, and by
// itself after some minutes.
import { createServer } from "node:net";
import { Peer } from "./hostile-peer.mjs";

const html = "Content-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope";

/** Whoever waits to hear what was seen of a connection, by the id in its query. @type {Map<string, PromiseWithResolvers>} */
const records = new Map();

function record(id) {
  const found = records.get(id);
  if (found !== undefined) return found;
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  records.set(id, made);
  return made;
}

/** Who was refused, by the id in the query. @type {Map<string | null, Peer[]>} */
const refusals = new Map();

function refused(id) {
  const found = refusals.get(id) ?? [];
  refusals.set(id, found);
  return found;
}

/** @type {Record<string, (peer: Peer, query: URLSearchParams) => unknown>} */
const scripts = {
  "/refusal": (peer, query) => {
    refused(query.get("id")).push(peer);
    peer.socket.end(`HTTP/1.1 ${query.get("status")} No\r\nLocation: /echo\r\n${html}`);
  },
  "/refusals": async (peer, query) => {
    peer.agree();
    // A second attempt begins when the first has its answer, if there is one.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const peers = refused(query.get("id"));
    peer.message(JSON.stringify({ requests: peers.length, isOver: peers.every(({ isGone }) => isGone) }));
    peer.close(1000, "");
    await peer.until(8);
    peer.socket.end();
  },
  "/endless-refusal": (peer) => {
    peer.socket.write("HTTP/1.1 401 No\r\nContent-Type: text/plain\r\n\r\n");
    const more = setInterval(
      () => (peer.isGone ? clearInterval(more) : peer.socket.write("no ".repeat(1_000))),
      1,
    );
  },
  "/endless-head": (peer) => {
    peer.socket.write("HTTP/1.1 101 Switching Protocols\r\n");
    const more = setInterval(
      () => (peer.isGone ? clearInterval(more) : peer.socket.write(`X-More: ${"x".repeat(500)}\r\n`)),
      1,
    );
  },
  "/garbage": (peer) => peer.socket.end("SSH-2.0-OpenSSH_9.2\r\n"),
  "/half-a-head": (peer) => peer.socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: web"),
  "/end-at-once": (peer) => peer.socket.end(),
  "/reset-at-once": (peer) => peer.reset(),
  "/agree": (peer, query) => peer.agree({ headers: query.get("headers") ?? "", accept: query.get("accept") }),

  "/bytes": async (peer, query) => {
    peer.agree();
    await peer.frame();
    peer.send(Buffer.from(query.get("hex"), "hex"));
    await peer.drain();
  },
  "/bytes-with-101": async (peer, query) => {
    peer.agree({ behind: Buffer.from(query.get("hex"), "hex") });
    await peer.drain();
  },
  "/end": async (peer) => {
    peer.agree();
    await peer.frame();
    peer.message("last");
    peer.socket.end();
  },
  "/reset": async (peer) => {
    peer.agree();
    await peer.frame();
    peer.message("last");
    await peer.frame();
    peer.reset();
  },

  "/bytes-and-fin": async (peer, query) => {
    peer.agree();
    await peer.frame();
    peer.send(Buffer.from(query.get("hex"), "hex"));
    peer.socket.end();
  },
  "/ping": async (peer) => {
    peer.agree();
    peer.send(Buffer.from("8900", "hex"));
    for (let frame = await peer.frame(); frame.opcode !== 10; frame = await peer.frame());
    peer.message("ponged");
    await peer.drain();
  },
  "/bytes-and-end": async (peer, query) => {
    peer.agree();
    await peer.frame();
    peer.send(Buffer.from(query.get("hex"), "hex"));
    await peer.until(8);
    peer.socket.end();
  },

  // Of the server's, which never ends the connection.
  "/close-and-stay": async (peer) => {
    peer.agree();
    await peer.frame();
    peer.close(4001, "stay");
    await peer.drain();
  },
  "/close-and-go-on": async (peer) => {
    peer.agree();
    await peer.frame();
    peer.close(4001, "going on");
    peer.message("more");
    peer.send(Buffer.from("ffff", "hex"));
    await peer.drain();
    peer.socket.end();
  },
  "/close": async (peer, query) => {
    peer.agree();
    await peer.frame();
    peer.message("before");
    peer.close(Number(query.get("code")), query.get("reason") ?? "");
    await peer.frame();
    peer.socket.end();
  },

  // Of the client's.
  "/no-answer": async (peer) => {
    peer.agree();
    await peer.drain();
  },
  "/answer": async (peer, query) => {
    peer.agree();
    await peer.until(8);
    peer.send(Buffer.from(query.get("hex"), "hex"));
    peer.socket.end();
  },
  "/end-instead-of-answer": async (peer) => {
    peer.agree();
    await peer.until(8);
    peer.socket.end();
  },
  "/reset-instead-of-answer": async (peer) => {
    peer.agree();
    await peer.until(8);
    peer.reset();
  },

  "/echo": async (peer) => {
    peer.agree();
    for (;;) {
      const frame = await peer.frame();
      peer.echo(frame);
      if (frame.opcode === 8) return peer.socket.end();
    }
  },
  "/flood": async (peer, query) => {
    peer.agree();
    for (let index = 0; index < Number(query.get("messages")); index++)
      peer.message(`${index}`.padEnd(100, "."));
    await peer.until(8);
    peer.close(1000, "");
    peer.socket.end();
  },
  "/large": async (peer, query) => {
    peer.agree();
    await peer.pour(Number(query.get("opcode")), Number(query.get("bytes")));
    await peer.drain();
  },
  "/late-reader": async (peer, query) => {
    peer.agree();
    peer.socket.pause();
    setTimeout(() => peer.socket.resume(), Number(query.get("pause")));
    record(query.get("id")).resolve(await peer.until(8));
    peer.close(1000, "");
    peer.socket.end();
  },
  "/request": async (peer, query) => {
    record(query.get("id")).resolve({ head: peer.head.split("\r\n") });
    peer.agree();
    await peer.until(8);
    peer.close(1000, "");
    peer.socket.end();
  },
  "/seen": async (peer, query) => {
    peer.agree();
    peer.message(JSON.stringify(await record(query.get("id")).promise));
    peer.close(1000, "");
    await peer.until(8);
    peer.socket.end();
  },
};

const talking = createServer((socket) => void run(new Peer(socket)));
// One that never answers has a port of its own: browsers open one connection after the other to the same port.
const silent = createServer((socket) => socket.on("error", () => undefined).resume());

async function run(peer) {
  try {
    const { pathname, searchParams } = new URL(await peer.target(), "ws://hostile");
    await scripts[pathname](peer, searchParams);
  } catch (error) {
    // A client may leave whenever it likes.
    if (!peer.isGone) process.stderr.write(`hostile: ${error?.stack ?? error}\n`);
  }
}

const port = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
const gone = createServer();
const [url, silence, nobody] = (await Promise.all([talking, silent, gone].map(port))).map(
  (each) => `ws://127.0.0.1:${each}`,
);
gone.close();
process.stdout.write(`${JSON.stringify({ url, silence, nobody })}\n`);
process.stdin.on("end", () => process.exit()).resume();
setTimeout(() => process.exit(1), 15 * 60_000);
