// SPDX-License-Identifier: Apache-2.0

/** What was run, told line by line. */
export class Tally {
  #passed = 0;
  #failed = 0;

  /** @param {string} what @param {number} good @param {string[]} failures @param {number} began */
  count(what, good, failures, began) {
    this.#passed += good;
    this.#failed += failures.length;
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    this.print(`${what}: ${good} passed, ${failures.length} failed, in ${seconds} s`);
    for (const failure of failures) this.print(failure.replaceAll(/^/gm, "    "));
  }

  /** @param {string} line */
  print(line) {
    process.stdout.write(`${line}\n`);
  }

  /** Prints the sum and sets the exit code. */
  end() {
    this.print(`${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}
