// SPDX-License-Identifier: Apache-2.0

/**
 * Runs the Autobahn testsuite against the client and judges its report.
 *
 *   node run.mjs [--cases 1.*,2.*] [--expect 45] [--driver other-client.mjs]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cache, installAutobahn } from "./install-autobahn.mjs";

const { values: options } = parseArgs({
  options: {
    cases: { type: "string", default: "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*" },
    // A client that cannot connect has no failed case, it only leaves cases out.
    expect: { type: "string", default: "301" },
    driver: { type: "string" },
  },
});

const agent = "halyard";
const host = "127.0.0.1";
const report = join(cache, "report");
const serverLog = join(cache, "server.log");
const minute = 60_000;

/** Invalid UTF-8 that must be noticed inside of a frame: noticing it later is legal, but not what we promise. */
const failFast = new Set(["6.4.1", "6.4.2", "6.4.3", "6.4.4"]);

let failures;
try {
  failures = judge(await runCases());
} catch (error) {
  print(error.stack);
  failures = judge({});
}
process.exitCode = failures === 0 ? 0 : 1;

/** Returns Autobahn's verdicts by case, the index of its report. */
async function runCases() {
  const driver = options.driver ?? (await buildHalyard());
  const python = installAutobahn();
  const port = await freePort();
  const server = startServer(python, port);
  try {
    await untilListening(server, port);
    await runProgram(process.execPath, [driver, `ws://${host}:${port}`, agent], 5 * minute);
  } finally {
    await end(server);
  }
  return JSON.parse(readFileSync(join(report, "index.json"), "utf8"))[agent] ?? {};
}

async function buildHalyard() {
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  await runProgram("npm", ["run", "--silent", "build"], 5 * minute, root);
  return fileURLToPath(new URL("driver.mjs", import.meta.url));
}

async function runProgram(command, args, timeout, cwd) {
  const program = spawn(command, args, { cwd, timeout, killSignal: "SIGKILL", stdio: "inherit" });
  const [code, signal] = await once(program, "exit");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code ?? signal}`);
}

async function freePort() {
  const probe = createServer().listen(0, host);
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

function startServer({ command, env }, port) {
  const spec = join(cache, "spec.json");
  const launcher = fileURLToPath(new URL("wstest.py", import.meta.url));
  rmSync(report, { recursive: true, force: true });
  mkdirSync(report);
  writeFileSync(
    spec,
    JSON.stringify({ url: `ws://${host}:${port}`, outdir: report, cases: options.cases.split(",") }),
  );
  const log = openSync(serverLog, "w");
  const server = spawn(command, ["-u", launcher, "-m", "fuzzingserver", "-s", spec, "-u", "0"], {
    env,
    stdio: ["ignore", log, log],
  });
  process.once("exit", () => server.kill("SIGKILL"));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  return server;
}

async function untilListening(server, port) {
  const deadline = Date.now() + minute / 2;
  while (!(await accepts(port))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      throw new Error(`Autobahn did not start:\n${readFileSync(serverLog, "utf8")}`);
    }
    await delay(100);
  }
}

async function accepts(port) {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function end(server) {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGKILL"); // it keeps nothing: the report is written when the driver asks for it
  await once(server, "exit");
}

function judge(cases) {
  const ids = Object.keys(cases).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const failed = ids.filter((id) => !passes(id, cases[id]));
  for (const id of failed) {
    const { behavior, behaviorClose, reportfile } = cases[id];
    print(
      `${id.padEnd(8)} ${behavior.padEnd(14)} close: ${behaviorClose.padEnd(14)} ${join(report, reportfile)}`,
    );
  }
  const expected = Number(options.expect);
  if (ids.length !== expected) print(`${ids.length} cases were run, ${expected} were expected`);
  const failures = failed.length + Math.abs(expected - ids.length);
  print(`${ids.length - failed.length} passed, ${failures} failed`);
  return failures;
}

function passes(id, { behavior, behaviorClose }) {
  const accepted = failFast.has(id) ? ["OK"] : ["OK", "INFORMATIONAL"];
  return accepted.includes(behavior) && accepted.includes(behaviorClose);
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
