// SPDX-License-Identifier: Apache-2.0
// Js and a server whose certificate a private authority has signed: the platform is told of it, by the environment or by
// what its constructor takes. A process of its own, on the runtime that runs this, since the environment is read when it begins.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { upgradeWebSocket } from "../../src/server/index.ts";
import { certificates } from "../support/certificates.ts";

const program = fileURLToPath(new URL("private-authority.program.ts", import.meta.url));
const { ca, otherCa, good } = certificates();
const server = createServer(good);
let folder: string;
let url: string;

beforeAll(async () => {
  server.on("upgrade", (request, socket, head) =>
    upgradeWebSocket(request, socket, head, async (session) => {
      for await (const frame of session.incoming) await session.send(frame);
    }),
  );
  // Whoever does not trust it leaves in the middle of TLS.
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `wss://localhost:${(server.address() as AddressInfo).port}/`;
  folder = await mkdtemp(path.join(tmpdir(), "halyard-authority-"));
  await writeFile(path.join(folder, "ca.pem"), ca);
  await writeFile(path.join(folder, "other.pem"), otherCa);
  await build({
    entryPoints: [program],
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@halyard/source"],
    // Undici is CommonJS.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    outfile: path.join(folder, "program.mjs"),
  });
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

function runtimeArguments(): string[] {
  if ("Deno" in globalThis) return ["run", "--allow-all", "--no-lock"];
  return process.version.startsWith("v20.") && !("Bun" in globalThis) ? ["--experimental-websocket"] : [];
}

/** What the program says, given an authority by the environment, or by the engine's option `create`. */
async function said(given: {
  readonly byEnvironment?: string;
  readonly byOption?: string;
}): Promise<unknown> {
  const file = given.byEnvironment === undefined ? undefined : path.join(folder, given.byEnvironment);
  const { NODE_EXTRA_CA_CERTS: _node, DENO_CERT: _deno, ...others } = process.env;
  const authority = file === undefined ? {} : { NODE_EXTRA_CA_CERTS: file, DENO_CERT: file };
  const question = JSON.stringify({ url, ca: given.byOption });
  const child = spawn(process.execPath, [...runtimeArguments(), path.join(folder, "program.mjs"), question], {
    env: { ...others, ...authority, NODE_NO_WARNINGS: "1" },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 20_000,
  });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return JSON.parse(output) as unknown;
}

const refused = { code: "ERR_HALYARD_HANDSHAKE" };

test("opens when the environment names the authority", { timeout: 30_000 }, async () => {
  expect(await said({ byEnvironment: "ca.pem" })).toEqual({ echo: "over TLS" });
});

test("opens when `create` gives the platform the authority", { timeout: 30_000 }, async () => {
  expect(await said({ byOption: ca })).toEqual({ echo: "over TLS" });
});

test.each([
  ["no authority is named", {}],
  ["the environment names another one", { byEnvironment: "other.pem" }],
  ["`create` gives another one", { byOption: otherCa }],
])("is refused when %s", { timeout: 30_000 }, async (_what, given) => {
  expect(await said(given)).toEqual(refused);
});
