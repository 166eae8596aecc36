// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { runtimes } from "../../../../runtimes/commands.mjs";

const minute = 60_000;

/**
 * Runs a program on a runtime. The last line of its output is its result, if that is JSON.
 * @param {keyof typeof runtimes} runtime
 * @param {string[]} args
 * @param {{ cwd: string, env?: Record<string, string>, timeout?: number, more?: string[] }} options `more`: arguments of the runtime
 */
export async function run(runtime, args, { cwd, env = {}, timeout = 3 * minute, more = [] }) {
  const { command, args: first } = runtimes[runtime];
  const child = spawn(command, [...first, ...more, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    all += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => (all += text));
  const [code, signal] = await once(child, "close");
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  const result = code === 0 && last.startsWith("{") ? JSON.parse(last) : undefined;
  return { result, all: `${all}\nended with ${signal ?? code}` };
}
