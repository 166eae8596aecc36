// SPDX-License-Identifier: Apache-2.0
// The order of things: in every round each row, in every row each client, and each time another one first. So what disturbs the
// machine for a while disturbs all of them, and nobody always goes first.
import { writeBatch, writeFragments } from "./batches.mjs";
import { bundleSize } from "./bundle.mjs";
import { machine, versions } from "./machine.mjs";
import { runCell, startLoad, startServer, startTlsServer } from "./processes.mjs";
import { isOfServer } from "./rows.mjs";
import { writeCertificate } from "./server/certificate.mjs";

/**
 * @typedef {object} Plan
 * @property {import("./rows.mjs").Row[]} rows
 * @property {import("./clients.mjs").Client[]} clients
 * @property {import("./clients.mjs").Client[]} missing
 * @property {number} rounds
 * @property {number} milliseconds
 * @property {string} folder for what the server reads
 * @property {(text: string) => void} progress
 */

/**
 * @param {Plan} plan
 * @returns {Promise<import("./results.mjs").Results>}
 */
export async function measureRounds({ rows, clients, missing, rounds, milliseconds, folder, progress }) {
  const cells = await prepareCells(rows, folder, milliseconds);
  const before = machine();
  /** @type {import("./results.mjs").Sample[]} */
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    for (const [index, row] of rows.entries()) {
      if (round >= (row.rounds ?? rounds)) continue;
      const taking = clients.filter((client) => client.takesPart(row));
      for (const client of rotate(taking, round + index)) {
        progress(`round ${round + 1} of ${rounds}: ${row.name}: ${client.name}`);
        const sample = await cells.measure(client, row);
        samples.push({ row: row.name, client: client.name, round, ...sample });
      }
    }
  }
  progress("");
  return {
    date: new Date().toISOString(),
    machine: before,
    versions: versions(),
    options: { rounds, milliseconds },
    rows,
    clients: clients.map(({ name }) => name),
    notRun: Object.fromEntries(missing.map(({ name, runtime }) => [name, `no ${runtime} here`])),
    samples,
  };
}

/** @template T @param {T[]} list @param {number} by */
const rotate = (list, by) => list.map((_, index) => list[(index + by) % list.length]);

/**
 * Makes what the rows need before any of them is measured.
 * @param {import("./rows.mjs").Row[]} rows
 * @param {string} folder
 * @param {number} budget
 */
async function prepareCells(rows, folder, budget) {
  /** @type {Map<string, any>} */
  const inputs = new Map();
  for (const row of rows) {
    if (row.kind === "receive") inputs.set(row.name, { batch: await writeBatch(folder, row) });
    if (row.kind === "peak") inputs.set(row.name, { fragments: writeFragments(folder, row.size) });
  }
  const authorities = rows.some(({ tls }) => tls) ? writeCertificate(folder) : "";

  return {
    /**
     * @param {import("./clients.mjs").Client} client
     * @param {import("./rows.mjs").Row} row
     * @returns {Promise<Record<string, any>>}
     */
    async measure(client, row) {
      if (row.kind === "bundle") return await bundleSize(client.bundle ?? "", client.optional ?? []);
      const start = isOfServer(row) ? startLoad : row.tls ? startTlsServer : startServer;
      const server = await start(folder);
      try {
        const adapter = isOfServer(row) ? `serve-${client.adapter}` : client.adapter;
        const task = { adapter, row, url: server.url, budget, ...inputs.get(row.name) };
        return await runCell(client, task, authorities);
      } finally {
        await server.stop();
      }
    },
  };
}
