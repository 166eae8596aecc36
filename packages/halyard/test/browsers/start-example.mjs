// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

/**
 * Starts an example as its user does, once it is built.
 * @param {string} folder @param {string} [program] @param {NodeJS.ProcessEnv} [more] besides the port
 */
export async function startExample(folder, program = "main.js", more = {}) {
  const env = { ...process.env, PORT: "0", ...more };
  const child = spawn(process.execPath, [path.join(folder, "dist", program)], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 15 * 60_000,
  });
  const exited = once(child, "exit");
  const { value: line, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (done) throw new Error("the example did not start: is it built?");
  const stop = async (signal = "SIGINT") => {
    child.kill(signal);
    const [code] = await exited;
    assert.equal(code, 0, "the example ends with 0");
  };
  return { url: line.split(" ")[0], stop };
}
