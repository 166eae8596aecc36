// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** The server's process, from outside. */
export class ServerProcess {
  #child;
  #lines;
  #exited;
  port = 0;

  /** @param {readonly string[]} command */
  static async start(command) {
    const server = new ServerProcess(command);
    ({ port: server.port } = await server.next());
    return server;
  }

  constructor([program, ...args]) {
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#exited = once(this.#child, "exit");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next thing that it tells: its port, how a session has ended, that it was closed. */
  async next() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the server has ended");
    return JSON.parse(value);
  }

  /** Closes it, and tells how many milliseconds that took. */
  async shutDown() {
    this.#child.stdin.write("close\n");
    for (;;) {
      const { closed } = await this.next();
      if (closed !== undefined) return closed;
    }
  }

  /** @param {"SIGSTOP" | "SIGCONT" | "SIGKILL"} signal */
  kill(signal) {
    this.#child.kill(signal);
  }

  async stop() {
    // It may have been stopped, and its sessions are nobody's any more.
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
