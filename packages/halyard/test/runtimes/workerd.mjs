// SPDX-License-Identifier: Apache-2.0
// The open source part of Cloudflare Workers, with one Worker in it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { workerd } from "../../../../runtimes/commands.mjs";

/** In milliseconds, of a process and of a request. */
const patience = 4 * 60_000;

/** Which behaviour of the platform is meant. */
const compatibilityDate = "2026-11-01";

/** @param {string} file the Worker's bundle, in the folder of the configuration */
const configuration = (file) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # Loopback counts as private.
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${file}")],
  compatibilityDate = "${compatibilityDate}",
);
`;

/**
 * Asks a Worker, in a process of its own that ends with the answer.
 * @param {string} bundle the path of a module
 * @param {unknown} question the body of the request, as JSON
 * @returns {Promise<{ result?: unknown, all: string }>} its answer, and what the process has said
 */
export async function askWorker(bundle, question) {
  const config = path.join(path.dirname(bundle), "workerd.capnp");
  writeFileSync(config, configuration(path.basename(bundle)));
  const child = spawn(workerd, ["serve", "--control-fd=1", config], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  let all = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (all += text));
  const exited = once(child, "close");
  try {
    const { value, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    if (done) return { all: `workerd did not start: ${all}` };
    const { port } = JSON.parse(value);
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(patience),
    });
    const text = await response.text();
    if (!response.ok) return { all: `${response.status} ${text}\n${all}` };
    return { result: JSON.parse(text), all };
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}
