// SPDX-License-Identifier: Apache-2.0
// What a run of the suites needs: the packages as users get them, the servers, certificates, and compiled classes.
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { install } from "../../../../runtimes/install.mjs";
import { packageCopy } from "../../../halyard/test/runtimes/package-copy.mjs";
import { startServer } from "../../../halyard/test/runtimes/servers.mjs";
import { classPathOf, versions } from "../../scripts/jars.mjs";
import { addEngine, mustRun } from "./engine-copy.mjs";

const here = (/** @type {string} */ file) => new URL(file, import.meta.url);
const programs = [
  ...["cases.mjs", "hostile.mjs", "hostile-cases.mjs", "platform-cases.mjs"].map((file) =>
    here(`../../../halyard/test/runtimes/${file}`),
  ),
  ...["globals.mjs", "nativescript-suite.mjs"].map((file) => here(`../nativescript/${file}`)),
  ...["suite.mjs", "session-cases.mjs", "jvm-cases.mjs", "hostile-parts.mjs", "life.mjs"].map(here),
];

/** A folder with both packages, and the programs beside them. It goes away with this process. */
export function packages() {
  const folder = packageCopy(programs, "plain");
  addEngine(folder);
  const classes = path.join(folder, "classes");
  const sources = ["Preconfigured.java", "../nativescript/Listener.java"].map((file) =>
    fileURLToPath(here(file)),
  );
  mustRun("javac", [
    "--release",
    "8",
    "-Xlint:-options",
    "-cp",
    classPathOf(versions[0]),
    "-d",
    classes,
    ...sources,
  ]);
  const problem = install(fileURLToPath(here("../nativescript/")));
  if (problem !== undefined) throw new Error(`the bridge to Java could not be installed: ${problem}`);
  cpSync(here("../nativescript/node_modules"), path.join(folder, "node_modules"), { recursive: true });
  return { folder, classes };
}

/** The servers that the suites talk to. */
export async function servers() {
  const made = await certificates();
  const contract = await startServer("contract-server.mjs");
  const hostile = await startServer("hostile-server.mjs");
  const own = await startServer(here("server.mjs").href, [JSON.stringify(made.addressOnly)]);
  return {
    question: {
      contract: contract.line,
      hostile: JSON.parse(hostile.line),
      server: JSON.parse(own.line),
      kernel: kernelBuffers(),
      certificates: { ca: made.ca, otherCa: made.otherCa },
    },
    stop: () => Promise.all([contract, hostile, own].map((each) => each.stop())),
  };
}

/** How many MiB may be in the buffers of both ends of a connection. */
function kernelBuffers() {
  const largest = ["tcp_rmem", "tcp_wmem"].map((name) =>
    Number(readFileSync(`/proc/sys/net/ipv4/${name}`, "utf8").trim().split(/\s+/)[2]),
  );
  return largest.reduce((sum, bytes) => sum + bytes / 2 ** 20, 0);
}

/** Of the package's own tests, which are TypeScript. */
async function certificates() {
  const outfile = path.join(temporaryFolder(), "certificates.cjs");
  await build({
    entryPoints: [fileURLToPath(here("../../../halyard/test/support/certificates.ts"))],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "silent",
  });
  return createRequire(import.meta.url)(outfile).certificates();
}

/** It goes away with this process. */
function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), "halyard-okhttp-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
