// SPDX-License-Identifier: Apache-2.0
// Who is measured, as a client and where it has one as a server. The name of a client is what `--clients` looks at.

import { isOfServer } from "./rows.mjs";

/**
 * @typedef {import("../runtimes/commands.mjs").Runtime} Runtime
 *
 * @typedef {object} Client
 * @property {string} name
 * @property {string} adapter a file of adapters/, and with `serve-` before it for the rows of servers
 * @property {Runtime} runtime
 * @property {Record<string, string>} [env]
 * @property {string} [bundle] the program whose bundled size is taken
 * @property {(row: import("./rows.mjs").Row) => boolean} takesPart whether the row says anything about it
 */

const plainWs = { WS_NO_BUFFER_UTIL: "1" };

/** @param {import("./rows.mjs").Row} row */
const always = ({ kind }) => kind !== "bundle";
/** It has no server. @param {import("./rows.mjs").Row} row */
const isOfClient = (row) => always(row) && !isOfServer(row);
const withBundle = () => true;
/** Nothing to compress with, no TLS of its own. @param {import("./rows.mjs").Row} row */
const rawBytes = (row) => uncompressed(row) && row.tls !== true;
/** It inflates, but never deflates. @param {import("./rows.mjs").Row} row */
const inflatesOnly = (row) => isOfClient(row) && (row.kind !== "send" || row.deflate === undefined);
/** It does not offer permessage-deflate. @param {import("./rows.mjs").Row} row */
const uncompressed = (row) => isOfClient(row) && row.deflate === undefined;
/** Where it matters how messages are taken. @param {import("./rows.mjs").Row} row */
const receives = ({ kind }) => kind === "receive" || kind === "echo";

/** @param {string} name @returns {Client} */
const ws = (name) => ({ name, adapter: "ws", runtime: "node", env: plainWs, takesPart: always });
/** @param {string} name @returns {Client} */
const halyard = (name) => ({ name, adapter: "halyard", runtime: "node", takesPart: always });
/** @param {string} name @returns {Client} */
const batches = (name) => ({ name, adapter: "halyard-batches", runtime: "node", takesPart: receives });
/** @param {Runtime} runtime @param {Client["takesPart"]} takesPart @returns {Client} */
const native = (runtime, takesPart) => ({ name: `native@${runtime}`, adapter: "native", runtime, takesPart });
const otherNodes = /** @type {const} */ (["node22", "node24", "node26"]);

export const baseline = "ws";

/** @type {Client[]} */
export const clients = [
  {
    ...ws(baseline),
    takesPart: withBundle,
    bundle: 'export { WebSocket } from "ws";',
  },
  ws("ws (control)"),
  { name: "ws+bufferutil", adapter: "ws", runtime: "node", takesPart: always },
  {
    name: "undici",
    adapter: "undici",
    runtime: "node",
    takesPart: (row) => row.kind === "bundle" || inflatesOnly(row),
    bundle: 'export { WebSocket } from "undici";',
  },
  ...otherNodes.map((runtime) => native(runtime, inflatesOnly)),
  native("bun", always),
  native("deno", uncompressed),
  { name: "raw", adapter: "raw", runtime: "node", takesPart: rawBytes },
  {
    ...halyard("halyard"),
    takesPart: withBundle,
    bundle: 'export { HttpClient, WebSockets } from "halyard"; export { Cio } from "halyard/cio";',
  },
  halyard("halyard (control)"),
  batches("halyard-batches"),
  ...otherNodes.map((runtime) => ({ ...ws(`ws@${runtime}`), runtime })),
  ...otherNodes.map((runtime) => ({ ...halyard(`halyard@${runtime}`), runtime })),
  ...otherNodes.map((runtime) => ({ ...batches(`halyard-batches@${runtime}`), runtime })),
];
