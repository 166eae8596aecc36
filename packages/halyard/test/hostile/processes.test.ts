// SPDX-License-Identifier: Apache-2.0
// Processes with sessions in whatever state: they end by themselves, when they should, and never by an error that nobody caught.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  closeFrame,
  hostileServer,
  type Script,
  serverFrame,
  unusedPort,
} from "../support/hostile-server.ts";
import { turns } from "../support/leaks.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "halyard-processes-"));
  await build({
    entryPoints: [fileURLToPath(new URL("processes.program.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@halyard/source"],
    external: ["undici"],
    outfile: path.join(folder, "program.mjs"),
  });
});

afterAll(() => rm(folder, { recursive: true }));

/** How the process of a scenario ended, which must be by itself and soon. */
async function outcomeOf(scenario: string, url = "") {
  const args = ["--unhandled-rejections=strict", path.join(folder, "program.mjs"), scenario, url];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 15_000 });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

const clean = { code: 0, stdout: "", stderr: "" };

const closes: Script = async (peer) => {
  await peer.accept();
  for (;;) {
    const { first, payload } = await peer.frame();
    if (first === 0x88) return peer.end(serverFrame(8, payload).toString("latin1"));
  }
};

/** What a peer does to a session of which nobody observes anything. */
const ends: Readonly<Record<string, Script>> = {
  "closes at once": async (peer) => {
    await peer.accept(closeFrame(1000));
    peer.end();
  },
  "resets the connection": async (peer) => {
    await peer.accept(serverFrame(1, "hi"));
    await peer.reset();
  },
  "ends without a word": async (peer) => {
    await peer.accept(serverFrame(1, "hi"));
    peer.end();
  },
  "breaks the protocol": async (peer) => {
    await peer.accept(Buffer.concat([serverFrame(1, "hi"), Buffer.of(0xff, 0xff)]));
    await turns();
    peer.end();
  },
  "sends more than may be": (peer) =>
    peer.accept(Buffer.of(0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0)).then(() => peer.end()),
  "answers no ping": async (peer) => {
    await peer.accept(serverFrame(1, "hi"));
    await peer.frame();
    await peer.reset();
  },
};

const failures: Readonly<Record<string, Script>> = {
  "is refused": async (peer) => {
    await peer.request();
    peer.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  },
  "is answered wrongly": async (peer) => {
    await peer.request();
    peer.write("HTTP/1.1 101 Fine\r\n\r\n");
  },
  "is reset": (peer) => peer.reset(),
  "is not answered": () => undefined,
};

describe("KA-08: an open session holds the process, and nothing does behind it", { timeout: 30_000 }, () => {
  test("it lives as long as its session, of which it hears nothing for a while", async () => {
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      // A ping, and some more.
      for (let count = 0; count < 3; count++) await peer.frame();
      peer.write(serverFrame(1, "late"));
      peer.write(closeFrame(1000));
      while ((await peer.frame()).first !== 0x88) continue;
      peer.end();
    });
    expect(await outcomeOf("idle", server.url)).toEqual({ ...clean, stdout: "late" });
  });

  test.each(["closed", "leftOpen"])("it ends behind the last session: %s", async (scenario) => {
    await using server = await hostileServer(closes);
    expect(await outcomeOf(scenario, server.url)).toEqual(clean);
  });

  test.each(Object.entries(failures))("it ends when its handshake %s", async (_, script) => {
    await using server = await hostileServer(script);
    expect(await outcomeOf("failed", server.url)).toEqual(clean);
  });

  test("it ends when nothing listens", async () => {
    expect(await outcomeOf("failed", `ws://127.0.0.1:${await unusedPort()}/`)).toEqual(clean);
  });
});

describe("LC-02: LC-04: nothing is left to be caught by who does not ask for it", { timeout: 30_000 }, () => {
  test.each(Object.entries(ends))("a peer that %s", async (_, script) => {
    await using server = await hostileServer(script);
    expect(await outcomeOf("unobserved", server.url)).toEqual(clean);
  });

  test("a caller who aborts in the middle of everything", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    expect(await outcomeOf("aborted", server.url)).toEqual(clean);
  });

  test("a server whose handler rejects", async () => {
    expect(await outcomeOf("server")).toEqual(clean);
  });
});

describe("LC-12: a process or a thread that ends with sessions open", { timeout: 30_000 }, () => {
  test("ends with its own code", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    expect(await outcomeOf("exits", server.url)).toEqual({ ...clean, code: 7 });
  });

  test("ends with the error of the program", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    const { code, stderr } = await outcomeOf("throws", server.url);
    expect(code).toBe(1);
    expect(stderr).toContain("the program's own");
  });

  test("as a thread, leaves the process alive and well", async () => {
    await using server = await hostileServer((peer) => peer.accept());
    const { stdout, ...rest } = await outcomeOf("worker", server.url);
    expect(rest).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("terminated");
  });
});
