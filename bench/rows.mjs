// SPDX-License-Identifier: Apache-2.0
// What is measured. The name of a row is what `--rows` looks at.

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {"receive" | "send" | "echo" | "connect" | "idle" | "peak" | "import" | "bundle" | "serve-echo" | "serve-broadcast"} kind
 * @property {string} unit of its value
 * @property {string} type of the messages: text (ASCII), mixed (Latin letters, a fifth of them accented), cjk, binary, json
 * @property {number} size bytes of a message
 * @property {"takeover" | "fresh"} [deflate] compressed, with context takeover or with a fresh context for each message
 * @property {number} [inFlight] echo: messages under way, on each connection; connect: connections that are being opened
 * @property {boolean} [tls]
 * @property {number} [connections] idle, serve-*: how many
 * @property {number} [warmUp] milliseconds, where it takes longer than a measurement until everything is compiled
 * @property {number} [rounds] at most so many, where one takes long
 */

const kibi = 1024;
const mebi = 1024 * kibi;
const cpu = "µs";
const sizes = [16, 125, kibi, 16 * kibi, mebi];

/** @param {number} bytes */
function sizeName(bytes) {
  if (bytes >= mebi) return `${bytes / mebi} MiB`;
  return bytes >= kibi ? `${bytes / kibi} KiB` : `${bytes} B`;
}

/** @param {"receive" | "send"} kind @param {string} type @param {number} size @returns {Row} */
const transfer = (kind, type, size) => ({
  name: `${kind} ${type} ${sizeName(size)}`,
  kind,
  unit: cpu,
  type,
  size,
});

/** @param {number} inFlight @param {number} [warmUp] @returns {Row} */
const echo = (inFlight, warmUp) => ({
  name: `echo text 16 B, ${inFlight} in flight`,
  kind: "echo",
  unit: cpu,
  type: "text",
  size: 16,
  inFlight,
  ...(warmUp && { warmUp }),
});

/** @param {boolean} tls @param {number} inFlight @returns {Row} */
const connect = (tls, inFlight) => ({
  name: `connect ${tls ? "TLS" : "plain"}, ${inFlight === 1 ? "one by one" : `${inFlight} in parallel`}`,
  kind: "connect",
  unit: cpu,
  type: "text",
  size: 0,
  tls,
  inFlight,
});

/** @param {"receive" | "send"} kind @param {"takeover" | "fresh"} deflate @returns {Row} */
const deflated = (kind, deflate) => ({
  name: `${kind} deflate 1 KiB JSON, ${deflate === "takeover" ? "context takeover" : "no context takeover"}`,
  kind,
  unit: cpu,
  type: "json",
  size: kibi,
  deflate,
});

/** @param {number} size @returns {Row} */
const serveBroadcast = (size) => ({
  name: `serve broadcast text ${sizeName(size)} to 1,000 connections`,
  kind: "serve-broadcast",
  unit: cpu,
  type: "text",
  size,
  connections: 1000,
  warmUp: 1000,
});

/** Whether a row measures a server. @param {Row} row */
export const isOfServer = ({ kind }) => kind.startsWith("serve-");

/** @type {Row[]} */
export const rows = [
  ...sizes.map((size) => transfer("receive", "text", size)),
  ...["mixed", "cjk"].flatMap((type) => [kibi, 16 * kibi].map((size) => transfer("receive", type, size))),
  ...sizes.map((size) => transfer("receive", "binary", size)),
  ...sizes.map((size) => transfer("send", "text", size)),
  ...sizes.map((size) => transfer("send", "binary", size)),
  // So few messages come in a second that neither side is compiled before.
  echo(1, 2000),
  echo(64),
  deflated("receive", "takeover"),
  deflated("receive", "fresh"),
  deflated("send", "takeover"),
  deflated("send", "fresh"),
  connect(false, 1),
  connect(false, 16),
  connect(true, 1),
  connect(true, 16),
  {
    name: "serve echo text 125 B, 50 connections with 64 in flight",
    kind: "serve-echo",
    unit: cpu,
    type: "text",
    size: 125,
    inFlight: 64,
    connections: 50,
  },
  serveBroadcast(125),
  serveBroadcast(kibi),
  {
    name: "idle connections",
    kind: "idle",
    unit: "KiB",
    type: "text",
    size: 0,
    connections: 10_000,
    rounds: 3,
  },
  {
    name: "peak memory, message of 1 GiB",
    kind: "peak",
    unit: "MiB",
    type: "binary",
    size: kibi * mebi,
    rounds: 3,
  },
  { name: "import", kind: "import", unit: "ms", type: "text", size: 0 },
  { name: "bundle size", kind: "bundle", unit: "KiB", type: "text", size: 0, rounds: 1 },
];
