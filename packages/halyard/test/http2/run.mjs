// SPDX-License-Identifier: Apache-2.0

/**
 * WebSockets over HTTP/2 with the package as it is built: the engine contract through real proxies, and on every runtime
 * against a server of ours.
 *
 *   node run.mjs [--peers REGEX] [--runtimes REGEX]   by their names; none by '^$'
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runtimes, runtimeVersions } from "../../../../runtimes/commands.mjs";
import { installRuntimes } from "../../../../runtimes/install.mjs";
import { packageCopy } from "../runtimes/package-copy.mjs";
import { run } from "../runtimes/processes.mjs";
import { startServer } from "../runtimes/servers.mjs";
import { Tally } from "../runtimes/tally.mjs";
import { peers } from "./peers.mjs";
import { startPeer } from "./programs.mjs";
import { contractCases, judge } from "./verdict.mjs";

const { values: options } = parseArgs({
  options: {
    peers: { type: "string", default: "" },
    runtimes: { type: "string", default: "" },
  },
});
const tally = new Tally();
const server = await startServer("../http2/contract-server.mjs");
const { http1, http2, tls, ca, cert, key } = JSON.parse(server.line);
const programs = ["http2-contract.mjs", "cases.mjs"].map(
  (file) => new URL(`../runtimes/${file}`, import.meta.url),
);
const cwd = packageCopy(programs, "plain");
try {
  await throughPeers(peers.filter(({ name }) => new RegExp(options.peers).test(name)));
  await onRuntimes(Object.keys(runtimes).filter((name) => new RegExp(options.runtimes).test(name)));
} finally {
  await server.stop();
}
tally.end();

/** @param {import("./peers.mjs").Peer[]} chosen */
async function throughPeers(chosen) {
  const page = readFileSync(new URL("../../../../docs/http2.md", import.meta.url), "utf8");
  for (const peer of chosen) {
    const began = Date.now();
    const started = await startPeer(peer, { cert, key }, { http1, http2 });
    try {
      const result = await contract("node", peer.isTls, started.port);
      const { good, failures, excused } = judge(result, peer.status, peer.mayFail?.cases);
      const row = rowOf(peer);
      if (!page.includes(row)) failures.push(`docs/http2.md does not say: ${row}`);
      tally.count(peer.name, good, failures, began);
      if (failures.length > 0) tally.print(started.log());
      if (peer.mayFail !== undefined)
        tally.print(
          `    ${peer.mayFail.cases.length} cases need not pass, and ${excused.length} did not: ${peer.mayFail.why}`,
        );
    } finally {
      await started.stop();
    }
  }
}

/** What docs/http2.md has to say when all that must pass has passed. @param {import("./peers.mjs").Peer} peer */
function rowOf({ name, status, mayFail }) {
  const unsure = mayFail?.cases.length ?? 0;
  const sure = contractCases - unsure;
  const more = unsure === 0 ? "" : `; ${unsure} more need not pass`;
  return `| ${name} | ${status === 200 ? "HTTP/2" : "HTTP/1.1"} | ${sure} of ${sure}${more} |`;
}

/** @param {(keyof typeof runtimes)[]} names */
async function onRuntimes(names) {
  const problem = names.length > 0 ? installRuntimes() : undefined;
  if (problem !== undefined) throw new Error(`the runtimes could not be installed: ${problem}`);
  const versions = runtimeVersions();
  for (const name of names) {
    for (const [way, isTls, port] of [
      ["TLS", true, tls],
      ["without TLS", false, http2],
    ]) {
      const began = Date.now();
      const result = await contract(name, isTls, port);
      const { good, failures } = judge(result, 200);
      tally.count(`${name} ${versions[name]}, ${way}`, good, failures, began);
    }
  }
}

/** @param {keyof typeof runtimes} runtime @param {boolean} isTls @param {number} port */
async function contract(runtime, isTls, port) {
  const url = `${isTls ? "wss" : "ws"}://127.0.0.1:${port}`;
  const question = { url, http2: isTls ? "prefer" : "require", ca };
  return await run(runtime, ["http2-contract.mjs", JSON.stringify(question)], { cwd, timeout: 2 * 60_000 });
}
