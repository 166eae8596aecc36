// SPDX-License-Identifier: Apache-2.0

/**
 * Breaks real networks: client and server in processes and network namespaces of their own, joined by a wire that is cut, slowed and
 * made to lose packets. Needs Linux with iproute2, nftables and util-linux, as root or with unprivileged user namespaces.
 *
 *   node run.mjs [WORD]     only the cases whose names have the word
 */
import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Tally } from "../runtimes/tally.mjs";
import { cases } from "./cases.mjs";
import { Network, prepare } from "./namespaces.mjs";

/** How many run at the same time: they mostly wait. */
const lanes = 4;
const patience = 25_000;
const inside = "HALYARD_IN_NAMESPACE";

if (process.env[inside] === undefined) {
  // All that is done to the network is done in namespaces of this process, and gone with it.
  const args = ["--net", "--mount", ...(process.getuid?.() === 0 ? [] : ["--map-root-user"])];
  const program = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const { status, error } = spawnSync("unshare", [...args, ...program], {
    env: { ...process.env, [inside]: "1" },
    stdio: "inherit",
  });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
} else {
  prepare();
  const [, , word = ""] = process.argv;
  const wanted = Object.entries(cases).filter(([name]) => name.includes(word));
  const tally = new Tally();
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < wanted.length; at = next++) await run(tally, at + 1, ...wanted[at]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  tally.end();
  // A case that failed may have left something open.
  process.exit();
}

/** @param {Tally} tally @param {number} number @param {string} name @param {(network: Network) => Promise<void>} use */
async function run(tally, number, name, use) {
  const began = Date.now();
  const network = new Network(number);
  const attempt = async () => {
    await network.open();
    await use(network);
  };
  const faults = [
    await faultOf("the case", attempt),
    await faultOf("closing clients", () => network.close()),
  ];
  const seen = faults.filter((fault) => fault !== null);
  tally.count(name, seen.length === 0 ? 1 : 0, seen, began);
}

/** @param {string} what @param {() => Promise<void>} run @returns {Promise<string | null>} what it threw, or that it took too long */
async function faultOf(what, run) {
  const late = delay(patience).then(() => {
    throw new Error(`${what} takes more than ${patience} ms`);
  });
  try {
    await Promise.race([run(), late]);
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
