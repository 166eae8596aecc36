// SPDX-License-Identifier: Apache-2.0
// Follows the documentation as a newcomer does: in an empty folder outside of the checkout, with the packed package alone, each program
// of the pages below is run against the servers of its page. Once as TypeScript that tsc has compiled, and once as JavaScript, with nothing
// but the types taken out, on the Node that runs this. Those of "Getting started" are also run as they are by runtimes that read TypeScript,
// where `npm run runtimes` has installed them; in CI it has.
//
// A program that ends must end with 0 and print what its comments promise: `console.log(x); // this`. One that listens and closes nothing
// is the server of those behind it. What JavaScript on Node 20 cannot parse (`await using`) has a `js` block behind it that says the same.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { transform } from "esbuild";
import { runtimes, runtimeVersions } from "../runtimes/commands.mjs";
import { mustRun, pack, root, run, temporaryDirectory } from "./workspace.mjs";

const pages = ["README.md", "docs/guide.md", "docs/getting-started.md", "docs/testing.md"];
/** The sections of Ktor's page "Client WebSockets", which the guide has in its order. */
const sections = [
  "Supported engines",
  "Add dependencies",
  "Install WebSockets",
  "Handle a WebSocket session",
  "API overview",
  "Example",
];
/** For one program, in milliseconds. */
const patience = 30_000;

/** @typedef {{ name: string, language: string, code: string }} Block */

/**
 * The programs of a page, but for those that would talk to the world: these are compiled by `npm run docs:check`.
 * @param {string} page
 * @returns {Block[]}
 */
function blocksOf(page) {
  const text = readFileSync(path.join(root, page), "utf8");
  const blocks = [...text.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].map(
    ([, language = "", code = ""], index) => ({
      name: `${path.basename(page, ".md")}-${index + 1}`,
      language,
      code,
    }),
  );
  return blocks.filter(({ code }) => !code.includes("example.org"));
}

/** @param {Block} block */
const isServer = ({ code }) => code.includes(".listen(") && !code.includes("server.close()");

/** What JavaScript has to say otherwise. @param {Block} block */
const needsTwin = ({ code }) => code.includes("await using");

/** What a program prints, by its own comments; objects there are examples. @param {string} code */
function promised(code) {
  return [...code.matchAll(/console\.log\(.*\);? +\/\/ ([^:{\n][^:\n]*)/g)].map(([, line = ""]) =>
    line.trim(),
  );
}

/** An empty folder with the package, and what its programs are tested with. */
async function newcomer() {
  const directory = temporaryDirectory("newcomer");
  const tarball = await pack(directory);
  writeFileSync(path.join(directory, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await mustRun("npm", ["install", "--no-package-lock", "--ignore-scripts", tarball], { cwd: directory });
  for (const name of ["ws", "@types/ws", "@types/node", "undici-types", "typescript"]) {
    const link = path.join(directory, "node_modules", name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(root, "node_modules", name), link, "junction");
  }
  return directory;
}

/** @returns {Promise<number>} a port that nobody has */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  return address.port;
}

/** @param {number} port */
async function untilListening(port) {
  for (const deadline = Date.now() + patience; Date.now() < deadline; await sleep(20)) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
  }
  throw new Error(`nothing listens on ${port}`);
}

/**
 * Runs one program to its end.
 * @param {import("../runtimes/commands.mjs").Runtime} on
 * @param {string} file
 * @param {Block} block
 * @returns {Promise<string | undefined>} what is wrong
 */
async function runProgram(on, file, block) {
  const { command, args } = runtimes[on];
  const cwd = path.dirname(file);
  const { code, stdout, output } = await run("timeout", [String(patience / 1000), command, ...args, file], {
    cwd,
  });
  if (code !== 0) return `it ended with ${code}\n${output}`;
  const lines = stdout.split("\n");
  for (const line of promised(block.code)) {
    if (!lines.includes(line)) return `it should print ${line}, and printed\n${output}`;
  }
  return undefined;
}

/** @param {string} folder @param {Block[]} blocks */
function writeTypeScript(folder, blocks) {
  const programs = blocks.filter(({ language }) => language === "ts");
  for (const { name, code } of programs)
    writeFileSync(path.join(folder, `${name}.ts`), `${code}export {};\n`);
  return programs;
}

/**
 * How programs are written to a folder, and run from there.
 * @typedef {object} Way
 * @property {(folder: string, blocks: Block[]) => Promise<Block[]> | Block[]} write and says which programs these are
 * @property {string} extension of what is run
 * @property {import("../runtimes/commands.mjs").Runtime} on
 * @property {string[]} pages
 */

/** @type {Record<string, Way>} */
const ways = {
  TypeScript: {
    extension: "js",
    on: "node",
    pages,
    async write(folder, blocks) {
      const programs = writeTypeScript(folder, blocks);
      const compilerOptions = { module: "nodenext", target: "es2022", strict: true, types: ["node"] };
      writeFileSync(
        path.join(folder, "tsconfig.json"),
        JSON.stringify({ compilerOptions, include: ["*.ts"] }),
      );
      const tsc = path.join(path.dirname(folder), "node_modules/typescript/bin/tsc");
      await mustRun(process.execPath, [tsc, "-p", folder]);
      return programs;
    },
  },
  JavaScript: {
    extension: "js",
    on: "node",
    pages,
    async write(folder, blocks) {
      const programs = blocks.filter((block) => !needsTwin(block));
      for (const { name, language, code } of programs) {
        const plain =
          language === "js" ? { code } : await transform(code, { loader: "ts", target: "esnext" });
        writeFileSync(path.join(folder, `${name}.js`), plain.code);
      }
      return programs;
    },
  },
};
const versions = runtimeVersions();
for (const on of /** @type {const} */ (["node24", "bun", "deno"])) {
  if (versions[on] !== undefined) {
    ways[on] = { extension: "ts", on, pages: ["docs/getting-started.md"], write: writeTypeScript };
  } else if (process.env["CI"] === undefined) {
    console.log(`not run: ${on}, which npm run runtimes installs`);
  } else {
    throw new Error(`${on} is missing: npm run runtimes installs it`);
  }
}

const contents = new Map(pages.map((page) => [page, blocksOf(page)]));
let passed = 0;
let failed = 0;

/** @param {string} name @param {string | undefined} complaint */
function tell(name, complaint) {
  if (complaint === undefined) passed += 1;
  else {
    failed += 1;
    console.error(`not ok: ${name}: ${complaint}`);
  }
}

const guide = readFileSync(path.join(root, "docs/guide.md"), "utf8");
const headings = [...guide.matchAll(/^##+ (.*)$/gm)].map(([, heading]) => heading);
const inOrder = headings.filter((heading) => sections.includes(heading ?? ""));
tell(
  "the sections of Ktor's page",
  inOrder.join() === sections.join() ? undefined : `are ${inOrder.join(", ")}`,
);

for (const [page, blocks] of contents) {
  const lonely = blocks.filter((block, at) => needsTwin(block) && blocks[at + 1]?.language !== "js");
  const names = lonely.map(({ name }) => name).join(", ");
  tell(`${page}: JavaScript for await using`, lonely.length === 0 ? undefined : `is missing behind ${names}`);
}

const home = await newcomer();
for (const [way, { write, extension, on, pages: chosen }] of Object.entries(ways)) {
  for (const page of chosen) {
    const folder = path.join(home, `${path.basename(page, ".md")}-${way}`);
    mkdirSync(folder);
    const port = String(await freePort());
    const moved = (contents.get(page) ?? []).map((block) => ({
      ...block,
      code: block.code.replaceAll("8080", port),
    }));
    const servers = [];
    for (const block of await write(folder, moved)) {
      const file = path.join(folder, `${block.name}.${extension}`);
      const name = `${page}, ${block.name}, ${way}`;
      if (isServer(block)) {
        const { command, args } = runtimes[on];
        servers.push(
          spawn(command, [...args, file], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] }),
        );
        tell(name, await untilListening(Number(port)).then(() => undefined, String));
      } else {
        tell(name, await runProgram(on, file, block));
      }
    }
    for (const server of servers) server.kill();
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
