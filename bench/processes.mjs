// SPDX-License-Identifier: Apache-2.0
// The processes of one cell: a server and a client, on a core each, both bounded in time.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runtimes } from "../runtimes/commands.mjs";

/** @param {string} file */
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const cellSeconds = 120;
const serverCore = "0";
const clientCore = "1";
const canPin =
  availableParallelism() > 1 &&
  spawnSync("taskset", ["-c", `${serverCore},${clientCore}`, "true"]).status === 0;

/** @param {string} core @param {string} command @param {string[]} args @returns {[command: string, args: string[]]} */
const pinned = (core, command, args) =>
  canPin ? ["taskset", ["-c", core, command, ...args]] : [command, args];

/** So that a cell can ask for it; Bun always lets it. @type {Record<import("./clients.mjs").Runtime, string[]>} */
const withGarbageCollector = {
  node: ["--expose-gc"],
  node22: ["--expose-gc"],
  node24: ["--expose-gc"],
  node26: ["--expose-gc"],
  bun: [],
  deno: ["--no-config", "--v8-flags=--expose-gc"],
};

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a server, which prints its port and lives as long as its standard input.
 * @param {string} scheme
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<Server>}
 */
async function start(scheme, command, args) {
  const child = spawn(...pinned(serverCore, command, args), { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const { value: port, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (done) throw new Error("the server did not start");
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

/** @param {string} folder of the files that it sends */
export const startServer = (folder) => start("ws", here("build/server"), [folder, String(cellSeconds + 10)]);

/** The clients of a row that serves. @param {string} folder which is not used */
export const startLoad = (folder) => start("load", here("build/load"), [folder, String(cellSeconds + 10)]);

/** @param {string} folder of its certificate */
export const startTlsServer = (folder) =>
  start("wss", process.execPath, [here("server/tls.mjs"), folder, String(cellSeconds + 10)]);

/**
 * Runs a client and returns what it has measured, or why it could not.
 * @param {import("./clients.mjs").Client} client
 * @param {import("./cell.mjs").Task} task
 * @param {string} authorities a file of certificates to trust
 * @returns {Promise<Record<string, any>>}
 */
export async function runCell(client, task, authorities) {
  const { command, args: runtimeArgs } = runtimes[client.runtime];
  const args = [...runtimeArgs, ...withGarbageCollector[client.runtime]];
  const trust = task.row.tls ? { NODE_EXTRA_CA_CERTS: authorities, DENO_CERT: authorities } : {};
  const child = spawn(...pinned(clientCore, command, [...args, here("cell.mjs"), JSON.stringify(task)]), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...trust, ...client.env, NODE_OPTIONS: "", NO_COLOR: "1" },
    timeout: cellSeconds * 1000,
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  const [code, signal] = await once(child, "close");
  const line = output.stdout.trim().split("\n").at(-1) ?? "";
  if (line.startsWith("{")) return JSON.parse(line);
  const complaint = output.stderr.split("\n").find((text) => /error/i.test(text));
  return { error: complaint?.trim() ?? `ended with ${signal ?? code}` };
}
