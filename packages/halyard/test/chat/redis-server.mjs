// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { freePort, temporaryDirectory } from "../../../../scripts/workspace.mjs";

/** A real Redis on loopback, which keeps nothing on disk. It ends with this process. */
export class RedisServer {
  #folder = temporaryDirectory("redis");
  #port = 0;
  #child;

  get url() {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Starts it, the second time where it was. */
  async start() {
    this.#port ||= await freePort();
    const args = ["--port", `${this.#port}`, "--bind", "127.0.0.1", "--save", "", "--dir", this.#folder];
    this.#child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"], timeout: 10 * 60_000 });
    const failed = once(this.#child, "error").then(([error]) => {
      throw new Error(`redis-server is needed, Debian's package of that name: ${error.message}`);
    });
    process.once("exit", () => this.#child.kill("SIGKILL"));
    await Promise.race([failed, this.#isReady()]);
    this.#child.stdout.resume();
  }

  async stop() {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  /** Cuts the connections that subscribe. */
  cutSubscriptions() {
    const args = ["-p", `${this.#port}`, "client", "kill", "type", "pubsub"];
    const { stdout, error } = spawnSync("redis-cli", args, { encoding: "utf8", timeout: 10_000 });
    if (error !== undefined) throw error;
    return Number(stdout);
  }

  async #isReady() {
    let said = "";
    for await (const text of this.#child.stdout.iterator({ destroyOnReturn: false })) {
      said += text;
      if (said.includes("Ready to accept connections")) return;
    }
    throw new Error(`redis-server did not start: ${said}`);
  }
}
