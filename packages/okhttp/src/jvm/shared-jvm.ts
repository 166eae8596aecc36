// SPDX-License-Identifier: Apache-2.0
import { JvmProcess } from "./jvm-process.ts";
import type { JvmCommand } from "./options.ts";

/** By what they are started with. */
const shared = new Map<string, SharedJvm>();

/** A JVM for all engines that want the same. It is started when it is needed, and again when it has ended. */
export class SharedJvm {
  readonly #key: string;
  readonly #command: JvmCommand;
  #users = 0;
  #process: JvmProcess | null = null;

  private constructor(key: string, command: JvmCommand) {
    this.#key = key;
    this.#command = command;
  }

  /** For one engine, until it calls {@link release}. */
  static use(command: JvmCommand): SharedJvm {
    const key = JSON.stringify(command);
    const jvm = shared.get(key) ?? new SharedJvm(key, command);
    shared.set(key, jvm);
    jvm.#users++;
    return jvm;
  }

  /** The one that runs, or a new one. */
  process(): JvmProcess {
    if (this.#process === null || this.#process.isGone) this.#process = new JvmProcess(this.#command);
    return this.#process;
  }

  /** @param client - of the engine that needs it no more. With the last engine the JVM ends */
  async release(client: number): Promise<void> {
    this.#process?.removeClient(client);
    if (--this.#users > 0) return;
    shared.delete(this.#key);
    await this.#process?.end();
  }
}
