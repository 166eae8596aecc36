// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * Starts a server of this folder on this Node, in a process of its own, which ends with its input.
 * @param {string} program its name, or a URL
 * @param {string[]} [args]
 * @returns {Promise<{ line: string, stop: () => Promise<void> }>} `line`: what it has printed, which is where it listens
 */
export async function startServer(program, args = []) {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const { value: line, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (done) throw new Error(`${program} did not start`);
  const stop = async () => {
    child.stdin.end();
    await exited;
  };
  return { line, stop };
}
