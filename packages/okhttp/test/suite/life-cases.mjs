// SPDX-License-Identifier: Apache-2.0
// What becomes of the JVM, and of the program, when one of them ends: programs of their own, looked at from outside.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { runtimes } from "../../../../runtimes/commands.mjs";
import { runCases } from "../../../halyard/test/runtimes/cases.mjs";

/** @param {{ runtime: string, folder: string, classPath: string, url: string, wanted: string }} where */
export async function lifeCases({ runtime, folder, classPath, url, wanted }) {
  const cases = [
    {
      name: "life: a program that has closed its sessions ends, though its client is open, and the JVM with it",
      async run() {
        const program = start("leave");
        const { text, jvms } = await program.answer();
        equal([text, jvms.length], ["hello", 1]);
        await soon(() => program.hasEnded() && isGone(jvms[0]));
        equal(program.child.exitCode, 0);
      },
    },
    {
      name: "life: a program that is killed takes the JVM with it",
      async run() {
        const program = start("wait");
        const { jvms } = await program.answer();
        equal(jvms.length, 1);
        equal([program.hasEnded(), isGone(jvms[0])], [false, false]);
        program.child.kill("SIGKILL");
        await soon(() => isGone(jvms[0]));
      },
    },
    {
      name: "life: what interrupts the program from its terminal leaves it the JVM to say good-bye",
      async run() {
        const program = start("interrupt");
        await program.answer();
        process.kill(-Number(program.child.pid), "SIGINT");
        equal(await program.answer(), { text: "still here", clean: true });
        await soon(() => program.hasEnded());
      },
    },
  ].filter(({ name }) => new RegExp(wanted).test(name));
  /** @type {import("node:child_process").ChildProcess[]} */
  const children = [];
  const start = (what) => {
    const { command, args } = runtimes[runtime];
    const child = spawn(command, [...args, "life.mjs", what, classPath, url], {
      cwd: folder,
      // As from a terminal: a group of its own, which gets the interrupt as a whole.
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      child,
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
      async answer() {
        const { value, done } = await lines.next();
        if (done) throw new Error("the program has ended");
        return JSON.parse(value);
      },
    };
  };
  const result = await runCases(cases, 30_000);
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  return result;
}

const isGone = (id) => !existsSync(`/proc/${id}`);

async function soon(question) {
  for (let tries = 0; tries < 250; tries++) {
    if (question()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not come to that within 5 s");
}

function equal(actual, expected) {
  const [shown, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (shown !== wanted) throw new Error(`it is ${shown} and should be ${wanted}`);
}
