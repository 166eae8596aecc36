// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** In milliseconds, until a browser says where it listens. */
const patience = 60_000;

/**
 * A browser's process with all that it starts, and a folder for its profile. Both go away with {@link end}, at the latest with this
 * process.
 */
export class BrowserProcess {
  folder = mkdtempSync(path.join(tmpdir(), "halyard-browser-"));
  #child;
  #said = "";

  /**
   * @param {string} command @param {string[]} args
   * @param {RegExp} address what it says when it listens; the first group is where
   * @returns {Promise<string>}
   */
  async start(command, args, address) {
    // A group of its own, so that all of it can be ended.
    this.#child = spawn(command, args, {
      detached: true,
      env: { ...process.env, HOME: this.folder, XDG_CONFIG_HOME: this.folder, XDG_CACHE_HOME: this.folder },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const failed = once(this.#child, "error").then(([error]) => error.message);
    process.once("exit", () => this.#kill());
    const timer = setTimeout(() => this.#kill(), patience);
    const listening = new Promise((resolve) => {
      this.#child.stderr.setEncoding("utf8").on("data", (text) => {
        this.#said += text;
        const found = address.exec(this.#said);
        if (found !== null) resolve(found[1]);
      });
    });
    const ended = once(this.#child, "close").then(() => undefined);
    const url = await Promise.race([listening, ended, failed.then(() => undefined)]);
    clearTimeout(timer);
    if (url !== undefined) return url;
    await this.end();
    throw new Error(`${command} did not start: ${this.#said || (await failed)}`);
  }

  async end() {
    const ended =
      this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
    const exited = ended ? once(this.#child, "exit") : undefined;
    this.#kill();
    await exited;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  #kill() {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // Nothing of it is left.
    }
  }
}
