// SPDX-License-Identifier: Apache-2.0

/**
 * Receives, and measures how long its event loop stood still: node receiver.mjs CASE client PORT | server. A server prints its port; both
 * print at last a line of JSON.
 */
import { openSync, readSync } from "node:fs";
import { connect } from "node:net";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { WebSocketServer } from "halyard/server";
import { receiveStream } from "halyard/streams";
import { cases } from "./cases.mjs";

const [name, role, port] = process.argv.slice(2);
const { config = {}, messages, use, wire } = cases[name];
const buffer = Buffer.alloc(256);
const statistics = openSync("/proc/thread-self/schedstat", "r");
const histogram = monitorEventLoopDelay({ resolution: 1 });

setTimeout(() => process.exit(1), 60_000).unref();
if (use === "none") await socketAlone();
else if (role === "client") {
  const client = new HttpClient(Cio).install(WebSockets, config);
  await measure(await client.webSocketSession(`ws://127.0.0.1:${port}/`));
} else {
  const server = new WebSocketServer(config).webSocket("/", (session) => measure(session));
  process.stdout.write(`${(await server.listen({ host: "127.0.0.1" })).port}\n`);
}

async function measure(session) {
  const end = await begin();
  await session.send("go");
  await take(session);
  await end();
}

/** How long this thread has run, in nanoseconds: what others do on this core meanwhile is not in it. */
function threadTime() {
  const length = readSync(statistics, buffer, 0, buffer.length, 0);
  return Number(buffer.toString("latin1", 0, length).split(" ", 1)[0]);
}

/** From now on; the timer has fired before. */
async function begin() {
  let longest = 0;
  let last = threadTime();
  const look = () => {
    const now = threadTime();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  histogram.enable();
  await delay(20);
  const started = performance.now();
  longest = 0;
  histogram.reset();
  return async () => {
    const took = performance.now() - started;
    // So that what has just happened is counted.
    await delay(5);
    histogram.disable();
    clearInterval(timer);
    const told = { longest: longest / 1e6, elapsed: histogram.max / 1e6, took };
    process.stdout.write(`${JSON.stringify(told)}\n`, () => process.exit());
  };
}

async function take(session) {
  let left = messages;
  let size = 0;
  if (use === "stream") {
    for (; left > 0; left--) for await (const chunk of await receiveStream(session)) size += chunk.length;
  } else if (use === "batches") {
    for await (const frames of session.incoming.batches()) {
      for (const frame of frames) size += frame.readText().length;
      left -= frames.length;
      if (left === 0) break;
    }
  } else {
    for await (const frame of session.incoming) {
      size += use === "text" ? frame.readText().length : frame.data.length;
      if (--left === 0) break;
    }
  }
  if (left > 0) throw new Error(`${left} messages are missing: ${String(await session.closeReason)}`);
  return size;
}

/** What a bare socket takes for the same bytes, on this machine and now. */
async function socketAlone() {
  const expected = wire((_, payload) => payload).reduce((sum, { length }) => sum + length, 0);
  const end = await begin();
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(
    "GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\ngo",
  );
  let size = 0;
  for await (const chunk of socket) {
    size += chunk.length;
    if (size >= expected) break;
  }
  await end();
}
