// SPDX-License-Identifier: Apache-2.0
// Runs the examples that have a transcript as the README does, and compares what they print with it. With --packed it
// runs copies outside of the checkout against the packed tarball. Of the others
// `npm run browsers` and `npm run chat:programs` do it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { copyExample } from "./example-copy.mjs";
import { freePort, root, run } from "./workspace.mjs";

const examples = ["echo", "login"];

/** @param {string} name */
async function check(name) {
  const port = String(await freePort());
  const command = process.argv.includes("--packed")
    ? { args: ["run", "--silent", "start"], cwd: await copyExample(name) }
    : { args: ["run", "--silent", `example:${name}`], cwd: root };
  const { code, stdout, output } = await run("npm", command.args, { cwd: command.cwd, env: { PORT: port } });
  const transcript = readFileSync(path.join(root, "examples", name, "transcript.txt"), "utf8");
  const isAsTold = stdout.trimEnd() === transcript.trimEnd();
  if (code === 0 && isAsTold) {
    console.log(`${name}: as its transcript`);
  } else {
    console.error(
      `${name}: ended with ${code}${isAsTold ? "" : ", and it did not print its transcript"}\n${output}`,
    );
    process.exitCode = 1;
  }
}

for (const name of examples) await check(name);
