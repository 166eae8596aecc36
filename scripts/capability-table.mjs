// SPDX-License-Identifier: Apache-2.0
// Writes the table of what engines can do into docs/engines.md, from what the suites on all platforms have to find. With --check it
// only compares.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./workspace.mjs";

const page = path.join(root, "docs", "engines.md");
const source = path.join(root, "packages", "halyard", "test", "runtimes", "capabilities.json");

/** @type {Record<string, string>} */
const titles = {
  node22: "Node 22 to 26",
  bun: "Bun",
  deno: "Deno",
  workerd: "Workers",
  chromium: "Chromium",
  "chromium, stream": "Chromium, WebSocketStream",
  firefox: "Firefox",
  jvm: "JVM",
  nativescript: "NativeScript",
};
/** @type {Record<string, string>} */
const meanings = {
  requestHeaders: "send headers with the handshake",
  handshakeResponse: "show the answer's status and headers, also of a refusal",
  handshakeChecks: "refuse a wrong `Sec-WebSocket-Accept`, or an extension that was not offered",
  rawFrames: "raw sessions",
  pingPong: "ping",
  extensions: "compression and other extensions",
  backpressure: "make the peer wait",
  frameLimits: "refuse what is too large before it is in memory",
  closeCodes: "close with any code",
  receiveWhileClosing: "receive after `close()` until the peer has answered",
  byteOrderMarks: "receive text that begins with U+FEFF as it is",
  unixSockets: "connect to a Unix socket",
  proxies: "go through a proxy that the request names",
};

/** @type {Record<string, Record<string, string[]>>} */
const known = JSON.parse(readFileSync(source, "utf8"));
const { Cio: cio = {}, Js: js = {}, OkHttp: okhttp = {}, Darwin: darwin = {} } = known;
const all = Object.values(cio)[0] ?? [];
const columns = [
  ...Object.entries(cio).map(([name, can]) => ({ title: `Cio: ${name}`, can })),
  ...Object.entries(js)
    .filter(([name]) => name in titles)
    .map(([name, can]) => ({ title: `Js: ${titles[name]}`, can })),
  ...Object.entries(okhttp).map(([name, can]) => ({ title: `OkHttp: ${titles[name]}`, can })),
  ...Object.entries(darwin).map(([name, can]) => ({ title: `Darwin: ${titles[name]}`, can })),
];
for (const capability of [js, okhttp, darwin].flatMap((engine) => Object.values(engine).flat()))
  if (!all.includes(capability)) throw new Error(`Cio lacks ${capability}: the table has no row for it`);
for (const name of ["node24", "node26"])
  if (String(js[name]) !== String(js["node22"]))
    throw new Error(`${name} is not like node22: it needs a column`);

const rows = all.map((capability) => [
  `\`${capability}\`: ${meanings[capability] ?? ""}`,
  ...columns.map(({ can }) => (can.includes(capability) ? "yes" : "–")),
]);
const table = [["", ...columns.map(({ title }) => title)], ["---", ...columns.map(() => ":-:")], ...rows]
  .map((cells) => `| ${cells.join(" | ")} |`)
  .join("\n");

const text = readFileSync(page, "utf8");
const wanted = text.replace(
  /(<!-- capabilities: .*-->\n)[^]*?(<!-- end of capabilities -->)/,
  (_, begin, end) => `${begin}\n${table}\n\n${end}`,
);
if (wanted === text) {
  console.log("the table of capabilities is as it should be");
} else if (process.argv.includes("--check")) {
  console.error("docs/engines.md has another table of capabilities; run `node scripts/capability-table.mjs`");
  process.exitCode = 1;
} else {
  writeFileSync(page, wanted);
}
