// SPDX-License-Identifier: Apache-2.0
// Runs the echo example as the README does and compares what it prints with its transcript. With --packed it runs a
// copy outside of the checkout against the packed tarball. Of the browser example `npm run browsers` does it.
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { copyExample } from "./example-copy.mjs";
import { root, run } from "./workspace.mjs";

const example = path.join(root, "examples", "echo");

/** @returns {Promise<number>} a port that nobody listens on */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

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
