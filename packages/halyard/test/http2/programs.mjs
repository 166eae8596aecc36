// SPDX-License-Identifier: Apache-2.0
// Starts programs in the foreground, without privileges, with a folder of their own, and ends them by their ids.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const host = "127.0.0.1";
const patience = 20_000;
/** Who they run as when this is root: nobody. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** @returns {Promise<number>} */
export async function freePort() {
  const probe = createServer().listen(0, host);
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/**
 * Starts a peer, and waits until it listens.
 * @param {import("./peers.mjs").Peer} peer
 * @param {{ cert: string, key: string }} identity
 * @param {{ http1: number, http2: number }} servers
 * @returns {Promise<{ port: number, log: () => string, stop: () => Promise<void> }>}
 */
export async function startPeer(peer, { cert, key }, servers) {
  const folder = mkdtempSync(path.join(tmpdir(), "halyard-http2-"));
  const port = await freePort();
  const filled = (text) =>
    text
      .replaceAll("{FOLDER}", folder)
      .replaceAll("{PORT}", String(port))
      .replaceAll("{HTTP1}", String(servers.http1))
      .replaceAll("{HTTP2}", String(servers.http2));
  const files = { "cert.pem": cert, "key.pem": key, "identity.pem": cert + key, ...peer.config };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(folder, name), filled(text), { mode: 0o600 });
    if (isRoot) chownSync(path.join(folder, name), nobody, nobody);
  }
  if (isRoot) chownSync(folder, nobody, nobody);
  const child = spawn(peer.program, peer.args.map(filled), {
    cwd: folder,
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
    ...(isRoot && { uid: nobody, gid: nobody }),
  });
  let said = "";
  for (const output of [child.stdout, child.stderr])
    output.setEncoding("utf8").on("data", (text) => (said += text));
  const exited = once(child, "exit").then(() => running.delete(child));
  running.add(child);
  const log = () => said.slice(-2_000) + errorLog(folder);
  const stop = async () => {
    if (running.has(child)) child.kill("SIGTERM");
    const isLate = await Promise.race([exited.then(() => false), delay(2_000, true, { ref: false })]);
    if (isLate) child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilListening(child, port);
  } catch (error) {
    const why = log();
    await stop();
    throw new Error(`${peer.program} does not listen: ${error.message}\n${why}`);
  }
  return { port, log, stop };
}

function errorLog(folder) {
  return readdirSync(folder).includes("error.log")
    ? readFileSync(path.join(folder, "error.log"), "utf8").slice(-2_000)
    : "";
}

/** @param {import("node:child_process").ChildProcess} child @param {number} port */
export async function untilListening(child, port) {
  const deadline = Date.now() + patience;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it has ended");
    if (Date.now() > deadline) throw new Error("it is too late");
    await delay(50);
  }
}

async function accepts(port) {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
