// SPDX-License-Identifier: Apache-2.0
// OkHttp in the JVM beside Cio, on this machine: medians of some rounds, by turns. The build must be there, with Java.
//   node run.mjs [ROUNDS]
import { startServer } from "../../../halyard/test/runtimes/servers.mjs";
import { classPathOf, newest } from "../../scripts/jars.mjs";
import { mustRun } from "../suite/engine-copy.mjs";

const rounds = Number(process.argv[2] ?? 3);
const server = await startServer(new URL("server.mjs", import.meta.url).href);
const program = new URL("client.mjs", import.meta.url).pathname;
/** @type {Record<string, Record<string, number>[]>} */
const results = { Cio: [], OkHttp: [] };
for (let round = 0; round < rounds; round++) {
  for (const engine of Object.keys(results)) {
    results[engine].push(
      JSON.parse(mustRun(process.execPath, [program, engine, server.line, classPathOf(newest)])),
    );
  }
}
await server.stop();
const median = (engine, name) =>
  results[engine].map((each) => each[name]).toSorted((a, b) => a - b)[Math.floor(rounds / 2)];
for (const name of Object.keys(results.OkHttp[0])) {
  const [cio, okhttp] = [median("Cio", name), median("OkHttp", name)];
  const ratio = cio === undefined ? "" : (okhttp / cio).toFixed(2);
  process.stdout.write(
    `| ${name} | ${cio === undefined ? "–" : Math.round(cio)} | ${Math.round(okhttp)} | ${ratio} |\n`,
  );
}
