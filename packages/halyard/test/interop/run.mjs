// SPDX-License-Identifier: Apache-2.0

/**
 * Halyard and Ktor, each as the client of the other. Needs a JDK 17 and Maven, which fetches what `ktor/pom.xml` names.
 *
 *   node run.mjs [--clients REGEX]   our clients by their names, such as "Cio on node"
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installRuntimes } from "../../../../runtimes/install.mjs";
import { classPathOf, fetchJars, newest } from "../../../okhttp/scripts/jars.mjs";
import { addEngine } from "../../../okhttp/test/suite/engine-copy.mjs";
import { packageCopy } from "../runtimes/package-copy.mjs";
import { run } from "../runtimes/processes.mjs";
import { Tally } from "../runtimes/tally.mjs";
import { leftOut } from "./ktor-cases.mjs";

const ktor = fileURLToPath(new URL("ktor", import.meta.url));
const jvm = ["-cp", ["target/classes", "target/lib/*"].join(path.delimiter), "halyard.interop.MainKt"];
const minute = 60_000;

/**
 * How many cases our clients run against Ktor's server: of the engine contract, and of Ktor's documentation and tests.
 * @type {Record<string, { contract: number, ktor: number }>}
 */
const ourClients = {
  "Cio on node": { contract: 41, ktor: 22 },
  "Cio on node26": { contract: 41, ktor: 22 },
  "Cio on bun": { contract: 41, ktor: 22 },
  "Cio on deno": { contract: 41, ktor: 21 },
  "OkHttp on node": { contract: 36, ktor: 19 },
  "Js on node24": { contract: 31, ktor: 16 },
  "Js on bun": { contract: 35, ktor: 17 },
  "Js on deno": { contract: 32, ktor: 16 },
};
/** How many scenarios Ktor's clients run against our server. @type {Record<string, number>} */
const ktorClients = { CIO: 16, OkHttp: 12 };

const { values: options } = parseArgs({ options: { clients: { type: "string", default: "" } } });
const tally = new Tally();
const problem = installRuntimes();
if (problem !== undefined) throw new Error(`the runtimes could not be installed: ${problem}`);
build();
const programs = [
  "against-ktor.mjs",
  "ktor-cases.mjs",
  "halyard-server.mjs",
  "nodes-own.mjs",
  "../runtimes/cases.mjs",
];
const cwd = packageCopy(
  programs.map((file) => new URL(file, import.meta.url)),
  "plain",
);
fetchJars();
addEngine(cwd);
for (const server of ["server", "server-without-deflate"]) {
  await withServer(start("java", [...jvm, server], ktor), async (port) => {
    if (server === "server") await nodesOwn(`ws://127.0.0.1:${port}/echo`);
    for (const name of Object.keys(ourClients)) {
      if (serverOf(name) === server) await ours(name, `ws://127.0.0.1:${port}`);
    }
  });
}
await withServer(start(process.execPath, ["halyard-server.mjs"], cwd), async (url) => {
  for (const name of Object.keys(ktorClients)) theirs(name, url);
});
for (const [name, reason] of Object.entries(leftOut)) tally.print(`left out: ${name}: ${reason}`);
tally.end();

/** Ktor ends its answer about compression with a space, at which Node's own WebSocket refuses it. @param {string} name */
function serverOf(name) {
  return name.startsWith("Js on node") ? "server-without-deflate" : "server";
}

/** What docs/ktor.md says of Node's own WebSocket stays true until this fails. @param {string} url */
async function nodesOwn(url) {
  const began = Date.now();
  const failures = [];
  for (const runtime of /** @type {const} */ (["node22", "node24", "node26"])) {
    const { result, all } = await run(runtime, ["in-mode.mjs", "plain", "nodes-own.mjs", url], { cwd });
    if (result?.event !== "error") failures.push(`${runtime} did not refuse Ktor's answer: ${all}`);
  }
  tally.count(
    "Ktor's server with deflate, Node's own WebSocket: refused",
    3 - failures.length,
    failures,
    began,
  );
}

function build() {
  const { status, error, stdout } = spawnSync("mvn", ["-B", "-q", "-ntp", "package"], {
    cwd: ktor,
    encoding: "utf8",
    timeout: 10 * minute,
  });
  if (status !== 0) throw new Error(`mvn ended with ${error?.message ?? status}:\n${stdout}`);
}

/** @param {string} name @param {string} url */
async function ours(name, url) {
  if (!new RegExp(options.clients).test(name)) return;
  const began = Date.now();
  const [engine = "", runtime = ""] = name.split(" on ");
  const output = await run(
    /** @type {any} */ (runtime),
    ["in-mode.mjs", "plain", "against-ktor.mjs", engine, url, classPathOf(newest)],
    { cwd },
  );
  const failures = output.result === undefined ? [output.all] : [];
  let good = 0;
  for (const [part, expected] of Object.entries(output.result === undefined ? {} : ourClients[name])) {
    const { names, failures: failed } = output.result[part];
    if (names.length !== expected)
      failures.push(`${part}: ${names.length} cases were run, ${expected} were expected`);
    failures.push(...failed);
    good += names.length - failed.length;
  }
  tally.count(`Ktor's server, ${name}`, good, failures, began);
}

/** @param {string} name @param {string} url */
function theirs(name, url) {
  const began = Date.now();
  const { stdout, stderr } = spawnSync("java", [...jvm, "client", name, url], {
    cwd: ktor,
    encoding: "utf8",
    timeout: 3 * minute,
    killSignal: "SIGKILL",
  });
  const outcomes = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  const failures = outcomes.flatMap((outcome) =>
    outcome.failure ? [`${outcome.name}: ${outcome.failure}`] : [],
  );
  if (outcomes.length !== ktorClients[name]) {
    failures.push(`${outcomes.length} scenarios were run, ${ktorClients[name]} were expected\n${stderr}`);
  }
  tally.count(
    `our server, Ktor's client with ${name}`,
    outcomes.filter(({ failure }) => !failure).length,
    failures,
    began,
  );
}

/** @param {string} command @param {string[]} args @param {string} cwd */
function start(command, args, cwd) {
  return spawn(command, args, { cwd, stdio: ["pipe", "pipe", "inherit"] });
}

/**
 * @param {ReturnType<typeof start>} server prints where it listens, and ends with its input
 * @param {(where: string) => Promise<void>} use
 */
async function withServer(server, use) {
  const exited = once(server, "exit");
  const { value: where, done } = await createInterface({ input: server.stdout })
    [Symbol.asyncIterator]()
    .next();
  if (done) throw new Error("the server did not start");
  try {
    await use(where);
  } finally {
    server.stdin.end();
    await exited;
  }
}
