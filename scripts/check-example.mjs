// SPDX-License-Identifier: Apache-2.0
// Runs the echo example as the README does and compares what it prints with its transcript. With --packed it runs a
// copy outside of the checkout against the packed tarball. Of the others `npm run browsers` and `npm run chat:programs` do it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { copyExample } from "./example-copy.mjs";
import { freePort, root, run } from "./workspace.mjs";

const example = path.join(root, "examples", "echo");

const port = String(await freePort());
const command = process.argv.includes("--packed")
  ? { args: ["run", "--silent", "start"], cwd: await copyExample("echo") }
  : { args: ["run", "--silent", "example:echo"], cwd: root };
const { code, stdout, output } = await run("npm", command.args, { cwd: command.cwd, env: { PORT: port } });
const transcript = readFileSync(path.join(example, "transcript.txt"), "utf8");
const isAsTold = stdout.trimEnd() === transcript.trimEnd();
if (code === 0 && isAsTold) {
  console.log("example: as its transcript");
} else {
  console.error(
    `example: ended with ${code}${isAsTold ? "" : ", and it did not print its transcript"}\n${output}`,
  );
  process.exitCode = 1;
}
