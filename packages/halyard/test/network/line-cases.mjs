// SPDX-License-Identifier: Apache-2.0
// Lines that are slow, lose packets, or delay what passes.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { checkTime, keepalive } from "./expectations.mjs";
import { startRelay } from "./relay.mjs";

const KiB = 2 ** 10;

/** Sends numbered messages of many sizes, and gets them back, in order. @param {import("halyard").DefaultWebSocketSession} session */
async function echoAll(session, count) {
  const textOf = (at) => `${at} `.repeat(1 + ((at * 7919) % 500));
  const send = async () => {
    for (let at = 0; at < count; at++) await session.send(textOf(at));
  };
  const receive = async () => {
    for (let at = 0; at < count; at++)
      assert.equal((await session.incoming.receive()).readText(), textOf(at));
  };
  await Promise.all([send(), receive()]);
}

/** @type {Record<string, (network: import("./namespaces.mjs").Network) => Promise<void>>} */
export const lineCases = {
  ...Object.fromEntries(
    ["ws", "wss", "h2"].map((way) => [
      `three packets of a hundred get lost, both ways, ${way}: all messages arrive, in order`,
      async (network) => {
        const config = { ...keepalive, pingTimeout: 10_000, closeTimeout: 10_000 };
        await network.serve(way, config);
        const loss = "numgen random mod 100 < 3 drop";
        network.filter({ input: loss, output: loss });
        const session = await network.client(way, config).webSocketSession(network.url(way, "/echo"));
        await echoAll(session, 1_000);
        assert.equal((await session.close()).clean, true);
      },
    ]),
  ),

  "a line that delays and chops: all messages arrive, and no ping misses its answer": async (network) => {
    const config = { ...keepalive, pingInterval: 400, closeTimeout: 10_000 };
    const server = await network.serve("ws", config);
    const relay = await startRelay(
      { host: network.address, port: server.port },
      { seed: 1, mostDelay: 60, mostBytes: 16 * KiB },
    );
    try {
      const session = await network
        .client("ws", config)
        .webSocketSession(`ws://127.0.0.1:${relay.port}/echo`);
      await echoAll(session, 100);
      // Nothing but pings for a while.
      await delay(1_000);
      assert(session.latency > 1, `a ping took ${session.latency} ms`);
      await echoAll(session, 10);
      assert.equal((await session.close()).clean, true);
    } finally {
      await relay.stop();
    }
  },

  "a slow line: what was sent before close arrives, and the end is clean": async (network) => {
    const config = { ...keepalive, pingInterval: 0, closeTimeout: 10_000 };
    const server = await network.serve("ws", config);
    network.slow("client", "8mbit");
    const session = await network.client("ws", config).webSocketSession(network.url("ws", "/takes"));
    const message = new Uint8Array(64 * KiB);
    const began = Date.now();
    for (let at = 0; at < 20; at++) await session.send(message);
    assert.equal((await session.close()).clean, true);
    // 1.25 MiB, a MiB a second.
    checkTime(began, 1_000, 2_000);
    assert.equal((await server.next()).count, 20);
  },

  "CL-06: a line much slower than what is sent: close ends in time all the same": async (network) => {
    const config = { ...keepalive, pingInterval: 0 };
    await network.serve("ws", config);
    network.slow("client", "256kbit");
    const session = await network.client("ws", config).webSocketSession(network.url("ws", "/takes"));
    for (let at = 0; at < 16; at++) await session.send(new Uint8Array(64 * KiB));
    const closing = Date.now();
    const { clean, reason, error } = await session.close();
    checkTime(closing, keepalive.closeTimeout, keepalive.closeTimeout);
    assert.deepEqual([clean, reason.code, error?.code], [false, 1000, "ERR_HALYARD_TIMEOUT"]);
  },

  "KA-01: a slow line with more in it than a timeout's worth: nobody is taken for dead": async (network) => {
    const server = await network.serve("ws", keepalive);
    network.slow("client", "2mbit");
    const config = { ...keepalive, closeTimeout: 10_000 };
    const session = await network.client("ws", config).webSocketSession(network.url("ws", "/takes"));
    const began = Date.now();
    for (let at = 0; at < 16; at++) await session.send(new Uint8Array(64 * KiB));
    assert.equal((await session.close()).clean, true);
    checkTime(began, 3 * keepalive.pingTimeout, 6_000);
    assert.equal((await server.next()).count, 16);
  },
};
