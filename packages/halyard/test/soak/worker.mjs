// SPDX-License-Identifier: Apache-2.0
// Questions from one process to another, one at a time.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/**
 * In the process that is asked, which ends when the asking one is gone.
 * @param {Record<string, (argument: any) => unknown>} answers
 */
export function answer(answers) {
  process.on("message", async ({ question, argument }) => {
    try {
      process.send({ value: await answers[question](argument) });
    } catch (error) {
      process.send({ error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.once("disconnect", () => process.exit());
}

/** In the one that asks: a program of this folder, in a process of its own. */
export class Worker {
  #child;
  #exited;

  /** @param {string} program */
  constructor(program) {
    this.#child = fork(fileURLToPath(new URL(program, import.meta.url)), { execArgv: ["--expose-gc"] });
    this.#exited = once(this.#child, "exit");
  }

  /** @param {string} question @param {unknown} [argument] @returns {Promise<any>} */
  async ask(question, argument) {
    const gone = this.#exited.then(([code, name]) => {
      throw new Error(`asked for ${question}, the process ended with ${code ?? name}`);
    });
    this.#child.send({ question, argument });
    const [{ value, error }] = await Promise.race([once(this.#child, "message"), gone]);
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** Lets it go on to its end. */
  async stop() {
    this.#child.disconnect();
    await this.#exited;
  }
}
