// SPDX-License-Identifier: Apache-2.0
// Runs the echo example as the README does and compares what it prints with its transcript. With --packed it runs a
// copy outside of the checkout against the packed tarball, as a user who copies the example does.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { mustRun, pack, root, run, temporaryDirectory } from "./workspace.mjs";

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

/** A copy of the example that depends on the tarball, built. */
async function copyOutside() {
  const outside = temporaryDirectory("example");
  // The same depth as in the checkout, since the example's tsconfig extends the workspace's.
  const copy = path.join(outside, "examples", "echo");
  cpSync(example, copy, { recursive: true, filter: (file) => !/[/\\](?:node_modules|dist)$/.test(file) });
  cpSync(path.join(root, "tsconfig.base.json"), path.join(outside, "tsconfig.base.json"));
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const manifest = JSON.parse(readFileSync(path.join(copy, "package.json"), "utf8"));
  manifest.dependencies = { ...manifest.dependencies, halyard: `file:${await pack(outside)}` };
  manifest.devDependencies = {
    typescript: devDependencies.typescript,
    "@types/node": devDependencies["@types/node"],
  };
  writeFileSync(path.join(copy, "package.json"), JSON.stringify(manifest));
  await mustRun("npm", ["install", "--no-package-lock", "--ignore-scripts"], { cwd: copy });
  await mustRun("npm", ["run", "--silent", "build"], { cwd: copy });
  return copy;
}

const port = String(await freePort());
const command = process.argv.includes("--packed")
  ? { args: ["run", "--silent", "start"], cwd: await copyOutside() }
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
