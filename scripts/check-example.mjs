// SPDX-License-Identifier: Apache-2.0
// Runs the examples that have a transcript as the README does, and compares what they print with it. With --packed it
// runs copies outside of the checkout against the packed tarball, as a user who copies an example does.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { mustRun, pack, root, run, temporaryDirectory } from "./workspace.mjs";

const examples = ["echo", "login"];

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

/** A copy of an example that depends on the tarball, built. @param {string} name */
async function copyOutside(name) {
  const outside = temporaryDirectory("example");
  // The same depth as in the checkout, since the example's tsconfig extends the workspace's.
  const copy = path.join(outside, "examples", name);
  cpSync(path.join(root, "examples", name), copy, {
    recursive: true,
    filter: (file) => !/[/\\](?:node_modules|dist)$/.test(file),
  });
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

/** @param {string} name */
async function check(name) {
  const port = String(await freePort());
  const command = process.argv.includes("--packed")
    ? { args: ["run", "--silent", "start"], cwd: await copyOutside(name) }
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
