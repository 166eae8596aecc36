// SPDX-License-Identifier: Apache-2.0
// Hosts that cannot be reached.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { ConnectionEvents } from "halyard";
import { checkTime, keepalive, rejection } from "./expectations.mjs";

/** @typedef {import("./namespaces.mjs").Network} Network */

const config = { ...keepalive, handshakeTimeout: 1_000 };
const syn = "tcp flags & (syn | ack) == syn";

/**
 * The system's word for each way in which a host cannot be reached.
 * @type {readonly [what: string, code: string, prepare: (network: Network) => void, host: (network: Network) => string][]}
 */
const unreachable = [
  [
    "the route says unreachable",
    "EHOSTUNREACH",
    (network) => network.ip("client", `route add unreachable ${network.nowhere}`),
    ({ nowhere }) => nowhere,
  ],
  [
    "the route says prohibited",
    "EACCES",
    (network) => network.ip("client", `route add prohibit ${network.nowhere}`),
    ({ nowhere }) => nowhere,
  ],
  [
    "the route is a black hole of our own",
    "EINVAL",
    (network) => network.ip("client", `route add blackhole ${network.nowhere}`),
    ({ nowhere }) => nowhere,
  ],
  ["there is no route", "ENETUNREACH", () => undefined, ({ nowhere }) => nowhere],
  ["there is no such host", "EHOSTUNREACH", () => undefined, ({ absent }) => absent],
  [
    "a firewall says that it may not be",
    "EHOSTUNREACH",
    (network) => network.filter({ input: `${syn} reject with icmpx type admin-prohibited` }),
    ({ address }) => address,
  ],
  [
    "a firewall resets",
    "ECONNREFUSED",
    (network) => network.filter({ input: `${syn} reject with tcp reset` }),
    ({ address }) => address,
  ],
  ["nothing listens", "ECONNREFUSED", () => undefined, ({ address }) => address],
];

/** Opens a session, and tells which addresses were tried. @param {Network} network @param {object} [engine] */
async function tryAddresses(network, url, engine) {
  /** @type {string[]} */
  const tried = [];
  const client = network.client("ws", config, engine).install(ConnectionEvents, {
    listener: (event) => void (event.type === "addressTried" && tried.push(event.address)),
  });
  const outcome = await client.webSocketSession(url).catch((error) => error);
  return { tried, outcome };
}

/** @type {Record<string, (network: Network) => Promise<void>>} */
export const addressCases = {
  ...Object.fromEntries(
    unreachable.map(([what, code, prepare, hostOf]) => [
      `NW-03: ${what}: ${code}`,
      async (network) => {
        prepare(network);
        const client = network.client("ws", keepalive);
        const host = hostOf(network);
        const began = Date.now();
        const error = await rejection(client.webSocketSession(`ws://${host}:80/`));
        // The system looks for a neighbour three times.
        checkTime(began, 0, 3_000);
        assert.deepEqual(
          [error.code, error.phase, error.cause.code],
          ["ERR_HALYARD_CONNECTION", "connect", code],
        );
        assert.deepEqual(error.addresses, [{ address: host, port: 80, code }]);
        assert(error.message.includes(code), error.message);
      },
    ]),
  ),

  ...Object.fromEntries(
    [
      ["connect", "ws", syn],
      ["tls", "wss", "meta length > 150"],
      ["upgrade", "ws", "meta length > 150"],
    ].map(([phase, way, swallowed]) => [
      `NW-04: what we send in the phase ${phase} is swallowed: the deadline, and nothing stays open`,
      async (network) => {
        await network.serve(way, keepalive);
        network.filter({ input: `${swallowed} drop` });
        const client = network.client(way, config);
        const began = Date.now();
        const error = await rejection(client.webSocketSession(network.url(way, "/echo")));
        checkTime(began, config.handshakeTimeout, config.handshakeTimeout);
        assert.deepEqual(
          [error.code, error.phase, error.milliseconds],
          ["ERR_HALYARD_TIMEOUT", phase, 1_000],
        );
        network.filter({});
        await untilNoSocket(network);
      },
    ]),
  ),

  "NW-04: a black hole, and the caller aborts: at once, and nothing stays open": async (network) => {
    await network.serve("ws", keepalive);
    network.filter({ input: `${syn} drop` });
    const { signal } = new AbortController();
    const given = AbortSignal.any([signal, AbortSignal.timeout(100)]);
    const began = Date.now();
    const url = network.url("ws", "/echo");
    const error = await rejection(network.client("ws", keepalive).webSocketSession({ url, signal: given }));
    checkTime(began, 100, 100);
    assert.equal(error, given.reason);
    assert.equal(network.sockets, 0);
  },

  "NW-02: IPv6 is a black hole and IPv4 is not: the session opens after addressTimeout": async (network) => {
    await network.serve("ws", keepalive);
    network.filter({ input: `meta nfproto ipv6 ${syn} drop` });
    const began = Date.now();
    const url = network.url("ws", "/echo", network.name);
    const { tried, outcome } = await tryAddresses(network, url, { addressTimeout: 300 });
    checkTime(began, 300, 300);
    assert.deepEqual(tried, [network.address6, network.address]);
    assert.equal((await outcome.close()).clean, true);
  },

  "NW-02: IPv6 refuses: IPv4 is tried without delay": async (network) => {
    await network.serve("ws", keepalive, "0.0.0.0");
    const began = Date.now();
    const url = network.url("ws", "/echo", network.name);
    const { tried, outcome } = await tryAddresses(network, url, { addressTimeout: 10_000 });
    checkTime(began, 0, 0);
    assert.deepEqual(tried, [network.address6, network.address]);
    assert.equal((await outcome.close()).clean, true);
  },

  "NW-02: IPv6 works: IPv4 is not tried": async (network) => {
    await network.serve("ws", keepalive);
    const { tried, outcome } = await tryAddresses(network, network.url("ws", "/echo", network.name));
    assert.deepEqual(tried, [network.address6]);
    assert.equal((await outcome.close()).clean, true);
  },

  "NW-02: both are black holes: the deadline, which both share": async (network) => {
    await network.serve("ws", keepalive);
    network.filter({ input: `${syn} drop` });
    const began = Date.now();
    const url = network.url("ws", "/echo", network.name);
    const { tried, outcome } = await tryAddresses(network, url, { addressTimeout: 300 });
    checkTime(began, config.handshakeTimeout, config.handshakeTimeout);
    assert.deepEqual(tried, [network.address6, network.address]);
    assert.deepEqual([outcome.code, outcome.phase], ["ERR_HALYARD_TIMEOUT", "connect"]);
  },
};

/** What was established is taken leave of, which takes a moment. @param {Network} network */
async function untilNoSocket(network) {
  const deadline = Date.now() + 5_000;
  while (network.sockets > 0) {
    assert(Date.now() < deadline, `${network.sockets} sockets are left`);
    await delay(20);
  }
}
