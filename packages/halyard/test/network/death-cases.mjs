// SPDX-License-Identifier: Apache-2.0
// Peers and wires that die, for good or for a while.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { bounded, Frame } from "halyard";
import { checkTime, detection, echo, fill, keepalive, rejection } from "./expectations.mjs";

const KiB = 2 ** 10;
const large = new Frame.Binary(new Uint8Array(64 * KiB));
const deadPeer = { clean: false, code: 1011, initiator: "local", error: "ERR_HALYARD_PING_TIMEOUT" };

/** How an end looks that the server tells as well. @param {import("halyard").SessionEnd} end */
function told({ clean, reason, initiator, error }) {
  return { clean, code: reason.code, initiator, error: error?.code };
}

/**
 * Sends more than the queue has room for, though a little may have left it meanwhile.
 * @param {import("halyard").DefaultWebSocketSession} session
 * @returns what the last one is rejected with
 */
async function sendMore(session) {
  const all = await Promise.all(Array.from({ length: 32 }, () => rejection(session.send(large))));
  return all.at(-1);
}

/**
 * A session without pings whose server has stopped to read, with as much on its way as there is room for.
 * @param {import("./namespaces.mjs").Network} network
 */
async function stalled(network) {
  const calm = { ...keepalive, pingInterval: 0 };
  const server = await network.serve("ws", calm);
  const session = await network.client("ws", calm).webSocketSession(network.url("ws", "/takes"));
  server.kill("SIGSTOP");
  await fill(session, large);
  return { server, session };
}

/** @typedef {import("./namespaces.mjs").Network} Network */

/** @type {readonly [what: string, way: "ws" | "wss" | "h2", kill: (network: Network) => void][]} */
const deaths = [
  ["the server's wire is pulled, ws", "ws", (network) => network.cut("server")],
  ["the server's wire is pulled, wss", "wss", (network) => network.cut("server")],
  ["the server's wire is pulled, HTTP/2", "h2", (network) => network.cut("server")],
  ["the client's wire is pulled, ws", "ws", (network) => network.cut("client")],
  ["the client's wire is pulled, HTTP/2", "h2", (network) => network.cut("client")],
  [
    "the client has lost its address",
    "ws",
    (network) => network.ip("client", `addr flush dev ${network.ends.client}`),
  ],
  [
    "a middlebox has forgotten the connection",
    "ws",
    (network) => network.filter({ input: "tcp dport != 0 drop", output: "tcp sport != 0 drop" }),
  ],
];

/** @type {Record<string, (network: Network) => Promise<void>>} */
export const deathCases = {
  ...Object.fromEntries(
    deaths.map(([what, way, kill]) => [
      `KA-01: ${what}, and nobody sends: both sides find out in time`,
      async (network) => {
        const server = await network.serve(way, keepalive);
        const client = network.client(way, keepalive);
        const session = await client.webSocketSession(network.url(way, "/echo"));
        await echo(session);
        kill(network);
        const cut = Date.now();
        const receiving = rejection(session.incoming.receive());
        assert.deepEqual(told(await session.ended), deadPeer);
        checkTime(cut, keepalive.pingTimeout / 2, detection);
        assert.equal((await receiving).code, deadPeer.error);
        const { at, ...end } = await server.next();
        checkTime(cut, keepalive.pingTimeout / 2, detection, at);
        assert.deepEqual(end, { path: "/echo", count: 1, ...deadPeer });
        const closing = Date.now();
        await client.close();
        checkTime(closing, 0, keepalive.closeTimeout);
      },
    ]),
  ),

  "KA-01: large packets get lost: who hears nothing says so, and the other one is told": async (network) => {
    const server = await network.serve("ws", keepalive);
    const session = await network.client("ws", keepalive).webSocketSession(network.url("ws", "/echo"));
    await echo(session);
    network.filter({ input: "meta length > 600 drop" });
    const lost = Date.now();
    await session.send("x".repeat(4_000));
    // Its pings arrive here, so that nobody is dead to us.
    const { reason, initiator } = await session.ended;
    checkTime(lost, keepalive.pingTimeout / 2, detection);
    assert.deepEqual([reason.code, initiator], [1011, "peer"]);
    const { error, count } = await server.next();
    assert.deepEqual([error, count], [deadPeer.error, 1]);
  },

  "KA-01, MM-07: the wire is pulled while sends wait: they can be given up, and all end with the dead peer":
    async (network) => {
      await network.serve("ws", keepalive);
      const bytes = 256 * KiB;
      const config = { ...keepalive, channels: { outgoing: bounded({ bytes }) } };
      const session = await network.client("ws", config).webSocketSession(network.url("ws", "/takes"));
      network.cut();
      const cut = Date.now();
      const accepted = await fill(session, large);
      // What the system takes is its own affair, and bounded by it.
      const ofTheSystem = Number(readFileSync("/proc/sys/net/ipv4/tcp_wmem", "latin1").split(/\s+/)[2]);
      const most = bytes + ofTheSystem + large.data.length;
      assert(
        accepted * large.data.length <= most,
        `${accepted} messages were accepted, of more than ${most} bytes`,
      );
      assert.equal(session.outgoing.trySend(large), false);
      const waiting = sendMore(session);
      const { error, reason, unsent } = await session.ended;
      assert.equal(error?.code, deadPeer.error);
      assert.equal(reason.code, 1011);
      // It may have been given a longer time, for bytes that left.
      checkTime(cut, keepalive.pingTimeout / 2, detection + keepalive.pingTimeout);
      assert.equal((await waiting).code, deadPeer.error);
      assert(unsent > 0, "nothing is told to be unsent");
    },

  ...Object.fromEntries(
    ["ws", "wss", "h2"].map((way) => [
      `KA-02: a pause shorter than the timeout, ${way}: the connection goes on, and no message is lost`,
      async (network) => {
        const config = { ...keepalive, pingTimeout: 12_000 };
        await network.serve(way, config);
        const session = await network.client(way, config).webSocketSession(network.url(way, "/echo"));
        const count = 600;
        const send = async () => {
          for (let at = 0; at < count; at++) {
            await session.send(`message ${at}`);
            await delay(3);
          }
        };
        const receive = async () => {
          for (let at = 0; at < count; at++) {
            assert.equal((await session.incoming.receive()).readText(), `message ${at}`);
            if (at !== 50) continue;
            network.cut();
            setTimeout(() => network.mend(), 1_500);
          }
        };
        await Promise.all([send(), receive()]);
        assert.equal((await session.close()).clean, true);
      },
    ]),
  ),

  "KA-01: the server hangs, and nobody sends: it is found dead in time": async (network) => {
    const server = await network.serve("ws", keepalive);
    const session = await network.client("ws", keepalive).webSocketSession(network.url("ws", "/echo"));
    await echo(session);
    server.kill("SIGSTOP");
    const hung = Date.now();
    assert.deepEqual(told(await session.ended), deadPeer);
    checkTime(hung, keepalive.pingTimeout / 2, detection);
  },

  "KA-02: the server hangs for less than the timeout: the connection goes on": async (network) => {
    const config = { ...keepalive, pingTimeout: 6_000 };
    const server = await network.serve("ws", config);
    const session = await network.client("ws", config).webSocketSession(network.url("ws", "/echo"));
    server.kill("SIGSTOP");
    setTimeout(() => server.kill("SIGCONT"), 1_500);
    const began = Date.now();
    await echo(session);
    checkTime(began, 1_400, 1_500);
    assert.equal((await session.close()).clean, true);
  },

  "CL-06, MM-07: the server hangs while we send: sends wait and can be given up, and close ends in time":
    async (network) => {
      // Nothing but close() may end it.
      const { session } = await stalled(network);
      const waiting = sendMore(session);
      const closing = Date.now();
      const { reason, error, unsent } = await session.close();
      checkTime(closing, keepalive.closeTimeout, keepalive.closeTimeout);
      assert.equal(reason.code, 1000);
      assert.equal(error?.code, "ERR_HALYARD_TIMEOUT");
      assert(unsent > 0, "nothing is told to be unsent");
      assert.equal((await waiting).code, "ERR_HALYARD_TIMEOUT");
    },

  "NW-05: the server is killed: the connection is lost at once, for receivers and senders": async (
    network,
  ) => {
    const { server, session } = await stalled(network);
    const waiting = [sendMore(session), rejection(session.incoming.receive())];
    server.kill("SIGKILL");
    const killed = Date.now();
    const { reason, error, clean } = await session.ended;
    checkTime(killed, 0, 0);
    assert.deepEqual([clean, reason.code, error?.code], [false, 1006, "ERR_HALYARD_CONNECTION"]);
    for (const each of waiting) assert.equal((await each).code, "ERR_HALYARD_CONNECTION");
  },

  "NW-05: the server is killed while the line is dead: it shows when the line is back": async (network) => {
    const server = await network.serve("ws", keepalive);
    const config = { ...keepalive, pingTimeout: 10_000 };
    const session = await network.client("ws", config).webSocketSession(network.url("ws", "/echo"));
    await echo(session);
    // Nobody hears of its end.
    network.filter({ input: "drop", output: "drop" });
    server.kill("SIGKILL");
    await delay(100);
    network.filter({});
    const back = Date.now();
    const { reason, error } = await session.ended;
    // The system sends what got lost again after a while.
    checkTime(back, 0, 2 * keepalive.pingInterval);
    assert.deepEqual([reason.code, error?.code], [1006, "ERR_HALYARD_CONNECTION"]);
  },

  "NW-05: a middlebox resets the connection while sends wait: all of them end": async (network) => {
    const { session } = await stalled(network);
    const waiting = sendMore(session);
    network.filter({ input: "meta l4proto tcp reject with tcp reset" });
    const reset = Date.now();
    const { reason, error, unsent } = await session.ended;
    // It sends nothing but what asks whether the server reads again, now and then.
    checkTime(reset, 0, 1_000);
    assert.deepEqual(
      [reason.code, error?.code, error?.cause?.code],
      [1006, "ERR_HALYARD_CONNECTION", "ECONNRESET"],
    );
    assert.equal((await waiting).code, "ERR_HALYARD_CONNECTION");
    assert(unsent > 0, "nothing is told to be unsent");
  },

  "CL-03, LC-08: the wire is pulled: closing a session, a client or a server ends in time": async (
    network,
  ) => {
    const config = { ...keepalive, pingInterval: 0 };
    const server = await network.serve("ws", config);
    const client = network.client("ws", config);
    const url = network.url("ws", "/echo");
    const [first, second] = [await client.webSocketSession(url), await client.webSocketSession(url)];
    await Promise.all([echo(first), echo(second)]);
    network.cut();
    const closeAll = async () => {
      const closing = Date.now();
      const { clean, error } = await first.close();
      assert.deepEqual([clean, error?.code], [false, "ERR_HALYARD_TIMEOUT"]);
      checkTime(closing, keepalive.closeTimeout, keepalive.closeTimeout);
      const again = Date.now();
      await client.close();
      checkTime(again, 0, keepalive.closeTimeout);
      assert.equal((await second.closeReason).code, 1001);
    };
    const [took] = await Promise.all([server.shutDown(), closeAll()]);
    checkTime(0, keepalive.closeTimeout, keepalive.closeTimeout, took);
  },
};
