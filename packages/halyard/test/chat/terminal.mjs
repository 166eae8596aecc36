// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

/** The terminal client of examples/chat as a process. @param {string} folder where the example is built @param {string[]} args */
export function startTerminal(folder, args) {
  return new TerminalProcess(process.execPath, [path.join(folder, "dist", "terminal", "main.js"), ...args]);
}

/** The same with a terminal of its own. @param {string} folder @param {string[]} args */
export function startInPty(folder, args) {
  const program = [process.execPath, path.join(folder, "dist", "terminal", "main.js"), ...args];
  return new TerminalProcess("script", ["-qec", program.map((part) => `'${part}'`).join(" "), "/dev/null"]);
}

class TerminalProcess {
  /** @param {string} command @param {string[]} args */
  constructor(command, args) {
    this.child = spawn(command, args, { stdio: "pipe", timeout: 60_000 });
    this.exited = once(this.child, "exit");
    this.errors = "";
    this.child.stderr.setEncoding("utf8").on("data", (text) => {
      this.errors += text;
    });
    this.child.stdin.on("error", () => undefined);
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** @param {string} text */
  write(text) {
    this.child.stdin.write(text);
  }

  /** Reads lines until one is as meant. @param {RegExp} meant @returns {Promise<string>} */
  async until(meant) {
    for (let next = await this.lines.next(); !next.done; next = await this.lines.next())
      if (meant.test(next.value)) return next.value;
    throw new Error(`it ended before ${meant}, and said: ${this.errors}`);
  }

  /** Waits for the end. @returns {Promise<[code: number | null, signal: string | null]>} */
  async end() {
    const [code, signal] = await this.exited;
    return [code, signal];
  }
}
