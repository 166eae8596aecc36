// SPDX-License-Identifier: Apache-2.0
// Packs the library, installs the tarball as a user would, and checks that it can be used: its types under the
// TypeScript versions we support, its JavaScript by `import` and by `require` on the Node that runs this.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { mustRun, pack, root, run, temporaryDirectory } from "./workspace.mjs";

const compilers = ["5.4.5", "5.7.3", "5.9.3", "6.0.3", "7.0.2"];
const resolutions = [
  { module: "NodeNext", moduleResolution: "NodeNext" },
  { module: "ESNext", moduleResolution: "Bundler" },
];
const surroundings = [
  { name: "dom", lib: ["ES2022", "DOM", "DOM.Iterable"], types: [], files: ["portable.ts", "http.ts"] },
  { name: "webworker", lib: ["ES2022", "WebWorker"], types: [], files: ["portable.ts", "http.ts"] },
  { name: "node", lib: ["ES2022"], types: ["node"], files: ["portable.ts", "http.ts", "node.ts"] },
];
/** The ambient names that the types of `halyard` take from their surroundings, and nothing else. */
const ambientGlobals = ["AbortSignal", "Headers", "Response", "URL"];

const portable = `
import { CloseReason, Frame, HttpClient, WebSockets } from "halyard";
import * as protocol from "halyard/protocol";
import * as testing from "halyard/testing";

export const entries: readonly object[] = [protocol, testing];
export async function main(): Promise<void> {
  const client = new HttpClient().install(WebSockets, { maxFrameSize: 1 << 20 });
  await client.webSocket({ host: "127.0.0.1", port: 8080, path: "/echo" }, async (session) => {
    await session.send("hello");
    await session.send(new Uint8Array([1, 2, 3]));
    for await (const frame of session.incoming) {
      if (frame.type === "text") frame.readText().toUpperCase();
      if (frame instanceof Frame.Binary) frame.readBytes().byteLength.toFixed();
    }
    await session.close(new CloseReason(CloseReason.Codes.NORMAL, "done"));
    const reason: CloseReason | null = await session.closeReason;
    reason?.message.trim();
  });
  // @ts-expect-error a client without the plugin has no sessions
  await new HttpClient().webSocket("ws://127.0.0.1/", () => {});
  await client.close();
}
`;
/** Not in the program above, which names no global itself. */
const http = `
import { Auth, basicAuth, HttpClient, HttpCookies, HttpRedirect, toughCookies, type ToughCookieJar } from "halyard";

export async function logIn(jar: ToughCookieJar): Promise<string> {
  const client = new HttpClient()
    .install(HttpRedirect)
    .install(HttpCookies, { storage: toughCookies(jar) })
    .install(Auth, { providers: [basicAuth({ username: "ann", password: "p" })] });
  const body = new URLSearchParams({ name: "ann" });
  const response: Response = await client.post({ path: "/login", body, signal: AbortSignal.timeout(1_000) });
  await client.put({ path: "/form", body: new FormData() });
  await client.put({ path: "/bytes", body: new Uint8Array([1]) });
  return ((await response.json()) as { id: string }).id.trim();
}
`;
const node = `
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { WebSocketServer } from "halyard/server";

export const client = new HttpClient(Cio).install(WebSockets);
export type Server = InstanceType<typeof WebSocketServer>;
export const server: typeof WebSocketServer = WebSocketServer;
`;
const script = `
for (const name of [HttpClient, CloseReason, WebSocketServer]) {
  if (typeof name !== "function") throw new Error("a public name is missing");
}
if (!(new Frame.Text("hello").readText() === "hello")) throw new Error("frames do not work");
if (Object.keys(protocol).length === 0 || Object.keys(testing).length === 0) throw new Error("an entry is empty");
const clients = [new HttpClient().install(WebSockets), new HttpClient(Cio).install(WebSockets)];
Promise.all(clients.map((client) => client.close())).then(() => console.log("ok"));
`;
const imports = [
  ["{ CloseReason, Frame, HttpClient, WebSockets }", "halyard"],
  ["{ Cio }", "halyard/cio"],
  ["{ WebSocketServer }", "halyard/server"],
  ["* as protocol", "halyard/protocol"],
  ["* as testing", "halyard/testing"],
];

/** Says which files an import loads, and which of those modules of Node that wait until they are needed. */
const footprint = `
import { register } from "node:module";
const hooks = 'import { writeSync } from "node:fs"; export function load(url, context, next) { if (url.startsWith("file:")) writeSync(1, url + " "); return next(url, context); }';
register("data:text/javascript," + encodeURIComponent(hooks));
const before = new Set(process.moduleLoadList);
await import("halyard");
await import("halyard/cio");
for (const name of ["crypto", "http", "https", "tls", "zlib"]) {
  const loaded = "NativeModule " + name;
  if (process.moduleLoadList.includes(loaded) && !before.has(loaded)) console.log("node:" + name);
}
`;
/** The entries, what they share, and the default engine. */
const mostFiles = 6;

/** Installs the compilers beside each other, once a version. */
async function installCompilers() {
  const cache = path.join(root, "node_modules", ".cache", "halyard-consumers");
  mkdirSync(cache, { recursive: true });
  const manifest = JSON.stringify({
    private: true,
    dependencies: Object.fromEntries(
      compilers.map((version) => [`ts-${version}`, `npm:typescript@${version}`]),
    ),
  });
  const file = path.join(cache, "package.json");
  const isThere = compilers.every((version) =>
    existsSync(path.join(cache, "node_modules", `ts-${version}`, "bin", "tsc")),
  );
  if (!isThere || !existsSync(file) || readFileSync(file, "utf8") !== manifest) {
    writeFileSync(file, manifest);
    await mustRun("npm", ["install", "--no-package-lock", "--ignore-scripts"], { cwd: cache });
  }
  return (/** @type {string} */ version) => path.join(cache, "node_modules", `ts-${version}`, "bin", "tsc");
}

/** A project that depends on the tarball, with every program that is checked below. */
async function makeConsumer() {
  const directory = temporaryDirectory("consumer");
  const tarball = await pack(directory);
  const typesOfNode = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")).devDependencies[
    "@types/node"
  ];
  const dependencies = { halyard: `file:${tarball}`, "@types/node": typesOfNode };
  /** @type {Record<string, string>} */
  const files = {
    "package.json": JSON.stringify({ private: true, type: "module", dependencies }),
    "portable.ts": portable,
    "http.ts": http,
    "node.ts": node,
    "main.mjs": imports.map(([names, from]) => `import ${names} from "${from}";`).join("\n") + script,
    "main.cjs":
      imports
        .map(([names = "", from]) => `const ${names.replace("* as ", "")} = require("${from}");`)
        .join("\n") + script,
    "footprint.mjs": footprint,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(directory, name), text);
  await mustRun("npm", ["install", "--no-package-lock", "--ignore-scripts"], { cwd: directory });
  return directory;
}

const [compilerOf, consumer] = await Promise.all([installCompilers(), makeConsumer()]);

/**
 * @param {string} name
 * @param {string} version
 * @param {object} options
 * @param {string[]} files
 */
async function typeCheck(name, version, options, files) {
  const project = path.join(consumer, `tsconfig.${name.replaceAll(/\W/g, "-")}.json`);
  const compilerOptions = {
    target: "ES2022",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    ...options,
  };
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  return await run(process.execPath, [compilerOf(version), "-p", project, "--pretty", "false"], {
    cwd: consumer,
  });
}

/** @type {{ name: string, check: () => Promise<string | undefined> }[]} each gives its complaint, or nothing */
const checks = [];
for (const version of compilers) {
  for (const resolution of resolutions) {
    for (const { name: surrounding, lib, types, files } of surroundings) {
      const name = `TypeScript ${version}, ${resolution.moduleResolution}, ${surrounding}`;
      checks.push({
        name,
        check: async () => {
          const { code, output } = await typeCheck(name, version, { ...resolution, lib, types }, files);
          return code === 0 ? undefined : output;
        },
      });
    }
  }
}
checks.push({
  name: "ambient globals",
  check: async () => {
    const bare = { module: "NodeNext", moduleResolution: "NodeNext", lib: ["ES2022"], types: [] };
    const { output } = await typeCheck("ambient", "5.9.3", bare, ["portable.ts"]);
    const missing = output.matchAll(/error TS\d+: Cannot find (?:global type|name|namespace) '(\w+)'/g);
    const found = [...new Set(Array.from(missing, ([, name = ""]) => name))].toSorted((a, b) =>
      a < b ? -1 : 1,
    );
    const isAsPinned = JSON.stringify(found) === JSON.stringify(ambientGlobals);
    return isAsPinned
      ? undefined
      : `the types need ${found.join(", ")}; pinned are ${ambientGlobals.join(", ")}\n${output}`;
  },
});
for (const program of ["main.mjs", "main.cjs"]) {
  checks.push({
    name: `node ${program}`,
    check: async () => {
      const { code, output } = await run(process.execPath, [program], { cwd: consumer });
      return code === 0 && output.trim() === "ok" ? undefined : output;
    },
  });
}
checks.push({
  name: "what an import loads",
  check: async () => {
    const { code, stdout, output } = await run(process.execPath, ["footprint.mjs"], { cwd: consumer });
    const loaded = stdout.trim().split(/\s+/);
    const isLight = loaded.length <= mostFiles && loaded.every((name) => /^file:.*\/halyard\//.test(name));
    return code === 0 && isLight ? undefined : `more than ${mostFiles} files, or others:\n${output}`;
  },
});

let failed = 0;
const queue = checks.values();
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (const { name, check } of queue) {
      const complaint = await check();
      if (complaint === undefined) continue;
      failed += 1;
      console.error(`not ok: ${name}\n${complaint}`);
    }
  }),
);
console.log(`consumers: ${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
