// SPDX-License-Identifier: Apache-2.0

/**
 * Runs the Autobahn testsuite against the client, then against the server, and judges its reports.
 *
 *   node run.mjs [--role client|server|both] [--cases 1.*,2.* --expect 27] [--driver other-program.mjs]
 *   node run.mjs --role client [--on bun|deno|node26...] [--mode no-wasm|one-byte]
 *   node run.mjs --role client --http2        through haproxy, which turns HTTP/2 into HTTP/1.1
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runtimes } from "../../../../runtimes/commands.mjs";
import { installRuntimes } from "../../../../runtimes/install.mjs";
import { haproxyForAutobahn } from "../http2/peers.mjs";
import { startPeer } from "../http2/programs.mjs";
import { modes } from "../runtimes/modes.mjs";
import { packageCopy } from "../runtimes/package-copy.mjs";
import { cache, installAutobahn } from "./install-autobahn.mjs";

const roles = ["client", "server"];
const { values: options } = parseArgs({
  options: {
    role: { type: "string", default: "both" },
    cases: { type: "string", default: "*" },
    // A testee that cannot connect has no failed case, it only leaves cases out.
    expect: { type: "string", default: "517" },
    driver: { type: "string" },
    on: { type: "string", default: "node" },
    mode: { type: "string", default: "plain" },
    http2: { type: "boolean", default: false },
  },
});
if (![...roles, "both"].includes(options.role)) throw new Error(`--role is not ${options.role}`);
if (options.driver && options.role === "both") throw new Error("--driver needs --role client or server");
if (!(options.on in runtimes) || !(options.mode in modes))
  throw new Error("there is no such runtime or mode");
const isAsItIs = options.on === "node" && options.mode === "plain";
if (options.http2 && !(isAsItIs && options.role === "client" && !options.driver))
  throw new Error("--http2 is for our own client as it is: --role client");
if (!isAsItIs && (options.driver || options.role !== "client"))
  throw new Error("--on and --mode are for our own client: --role client");

const agent = "halyard";
const host = "127.0.0.1";
const minute = 60_000;
/** How many messages each case of compression sends; 1000 as published. */
const { WSTEST_MESSAGES = "20" } = process.env;
const patience = Math.max(5, Number(WSTEST_MESSAGES) / 10) * minute;

/** Invalid UTF-8 that must be noticed inside of a frame: noticing it later is legal, but not what we promise. */
const failFast = new Set(["6.4.1", "6.4.2", "6.4.3", "6.4.4"]);

const running = new Set();
process.once("exit", () => running.forEach((program) => program.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const problem = options.on === "node" ? undefined : installRuntimes();
if (problem !== undefined) throw new Error(`the runtimes could not be installed: ${problem}`);
const built = buildHalyard();
let passed = 0;
let failed = 0;
for (const role of options.role === "both" ? roles : [options.role]) {
  const began = Date.now();
  const verdict = judge(role, await runRole(role));
  print(`${role}: ${verdict.passed} of ${options.expect} in ${Math.round((Date.now() - began) / 1000)} s`);
  passed += verdict.passed;
  failed += verdict.failed;
}
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function buildHalyard() {
  const cwd = fileURLToPath(new URL("../../../../", import.meta.url));
  await completion(start("npm", ["run", "--silent", "build"], { cwd, timeout: 5 * minute }));
}

/** Returns Autobahn's verdicts by case, the index of its report; none if the role could not be run. */
async function runRole(role) {
  const log = join(cache, `${role}.log`);
  for (const old of [log, reportOf(role)]) rmSync(old, { recursive: true, force: true });
  try {
    await built;
    return await runCases(role, log);
  } catch (error) {
    print(`${role}: ${error.stack}`);
    if (existsSync(log)) print(`The end of ${log}:\n${lastLines(log, 20)}`);
    return {};
  }
}

/** Autobahn's other side is the testee: each begins to listen when it is the server. */
async function runCases(role, log) {
  const port = await freePort();
  const url = `ws://${host}:${port}`;
  const report = reportOf(role);
  const proxy = options.http2
    ? await startPeer(haproxyForAutobahn, { cert: "", key: "" }, { http1: port, http2: 0 })
    : undefined;
  const ask = proxy === undefined ? url : `ws://${host}:${proxy.port}`;
  const testee = isAsItIs ? onThisNode(role, ask) : clientElsewhere(url);
  const autobahn = (limits) => startAutobahn(role, { url, report, log }, limits);
  const [listen, connectAll] = role === "client" ? [autobahn, testee] : [testee, autobahn];
  const server = listen();
  try {
    await untilListening(server, port);
    await completion(connectAll({ timeout: patience }));
  } finally {
    await end(server);
    await proxy?.stop();
  }
  return JSON.parse(readFileSync(join(report, "index.json"), "utf8"))[agent] ?? {};
}

function onThisNode(role, url) {
  const driver = options.driver ?? fileURLToPath(new URL(`${role}.mjs`, import.meta.url));
  const more = options.http2 ? ["http2"] : [];
  return (limits) => start(process.execPath, [driver, url, agent, ...more], limits);
}

/** The client on another runtime, or in a mode: with the package as a user has it. */
function clientElsewhere(url) {
  const { command, args } = runtimes[options.on];
  const programs = ["client.mjs", "testee.mjs"].map((file) => new URL(file, import.meta.url));
  const cwd = packageCopy(programs, options.mode);
  return (limits) =>
    start(command, [...args, "in-mode.mjs", options.mode, "client.mjs", url, agent], { ...limits, cwd });
}

function reportOf(role) {
  const name = options.http2 ? `${role}-http2` : role;
  return join(cache, "report", isAsItIs ? name : `${name}-${options.on}-${options.mode}`);
}

function startAutobahn(role, { url, report, log }, limits) {
  const { command, env } = installAutobahn();
  const launcher = fileURLToPath(new URL("wstest.py", import.meta.url));
  const mode = role === "client" ? "fuzzingserver" : "fuzzingclient";
  const spec = join(cache, `${role}.json`);
  mkdirSync(report, { recursive: true });
  const cases = options.cases.split(",");
  writeFileSync(spec, JSON.stringify({ url, servers: [{ agent, url }], outdir: report, cases }));
  const output = openSync(log, "w");
  return start(command, ["-u", launcher, "-m", mode, "-s", spec, "-u", "0"], {
    ...limits,
    env: { ...env, WSTEST_MESSAGES },
    stdio: ["ignore", output, output],
  });
}

function start(command, args, settings) {
  const program = spawn(command, args, { stdio: "inherit", killSignal: "SIGKILL", ...settings });
  running.add(program);
  program.once("exit", () => running.delete(program));
  return program;
}

async function completion(program) {
  const [code, signal] = await once(program, "exit");
  if (code !== 0) throw new Error(`${program.spawnargs.join(" ")} ended with ${code ?? signal}`);
}

async function freePort() {
  const probe = createServer().listen(0, host);
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

async function untilListening(server, port) {
  const deadline = Date.now() + minute / 2;
  while (!(await accepts(port))) {
    if (!running.has(server) || Date.now() > deadline) {
      throw new Error(`${server.spawnargs.join(" ")} does not listen`);
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

/** Neither side keeps anything: Autobahn writes its report when the last case has ended. */
async function end(server) {
  if (!running.has(server)) return;
  server.kill("SIGKILL");
  await once(server, "exit");
}

function judge(role, cases) {
  const ids = Object.keys(cases).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const refused = ids.filter((id) => !passes(id, cases[id]));
  for (const id of refused) {
    const { behavior, behaviorClose, reportfile } = cases[id];
    const verdict = `${id.padEnd(8)} ${behavior.padEnd(14)} close: ${behaviorClose.padEnd(14)}`;
    print(`${role} ${verdict} ${join(reportOf(role), reportfile)}`);
  }
  const expected = Number(options.expect);
  if (ids.length !== expected) print(`${role}: ${ids.length} cases were run, ${expected} were expected`);
  return {
    passed: ids.length - refused.length,
    failed: refused.length + Math.abs(expected - ids.length),
  };
}

function passes(id, { behavior, behaviorClose }) {
  const accepted = failFast.has(id) ? ["OK"] : ["OK", "INFORMATIONAL"];
  return accepted.includes(behavior) && accepted.includes(behaviorClose);
}

function lastLines(file, count) {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
