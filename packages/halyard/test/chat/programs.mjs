// SPDX-License-Identifier: Apache-2.0

/** The programs of examples/chat, a server and clients in terminals, with the package as it is packed. */
import assert from "node:assert/strict";
import { copyExample } from "../../../../scripts/example-copy.mjs";
import { freePort } from "../../../../scripts/workspace.mjs";
import { startExample } from "../browsers/start-example.mjs";
import { runCases } from "./run-cases.mjs";
import { startInPty, startTerminal } from "./terminal.mjs";

const folder = await copyExample("chat");
const server = await startExample(folder, "server/main.js");
const args = (name, room = "tea", url = server.url) => [
  "--name",
  name,
  "--room",
  room,
  "--url",
  `${url.replace("http", "ws")}chat`,
];

await runCases("chat, programs", [
  {
    name: "two terminals talk; what one writes cannot command the other; the end of the input is the end",
    async run() {
      const ann = startTerminal(folder, args("Ann"));
      await ann.until(/You are Ann in tea\. Here: Ann$/);
      const ben = startTerminal(folder, args("Ben"));
      await ben.until(/Here: Ann, Ben$/);
      await ann.until(/Ben has come/);
      ann.write("hello \x1b]0;title\x07\n");
      const heard = await ben.until(/hello/);
      assert.match(heard, /^\d\d:\d\d Ann: hello \\u\{1b\}\]0;title\\u\{7\}$/);
      ben.child.stdin.end("bye");
      assert.deepEqual(await ben.end(), [0, null]);
      await ann.until(/Ben: bye/);
      await ann.until(/Ben has left/);
      ann.child.stdin.end();
      assert.deepEqual(await ann.end(), [0, null]);
    },
  },
  {
    name: "SIGINT and SIGTERM close cleanly",
    async run() {
      const ann = startTerminal(folder, args("Ann"));
      await ann.until(/You are Ann/);
      for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
        const ben = startTerminal(folder, args("Ben"));
        await ben.until(/You are Ben/);
        ben.child.kill(signal);
        assert.deepEqual(await ben.end(), [0, null]);
        assert.equal(ben.errors, "");
        await ann.until(/Ben has left/);
      }
      ann.child.kill("SIGINT");
      await ann.end();
    },
  },
  {
    name: "an output that nobody reads any more is the end, and no error",
    async run() {
      const ann = startTerminal(folder, args("Ann", "pipes"));
      const ben = startTerminal(folder, args("Ben", "pipes"));
      await Promise.all([ann.until(/You are/), ben.until(/You are/)]);
      ben.child.stdout.destroy();
      ann.write("hello\n");
      assert.deepEqual(await ben.end(), [0, null]);
      assert.equal(ben.errors, "");
      ann.child.stdin.end();
      await ann.end();
    },
  },
  {
    name: "in a terminal there is a prompt, what comes appears above what is typed, and Ctrl-C is the end",
    async run() {
      const ann = startTerminal(folder, args("Ann", "pty"));
      await ann.until(/You are Ann/);
      const ben = startInPty(folder, args("Ben", "pty"));
      await ben.until(/You are Ben/);
      ben.write("half a ");
      ann.write("hello\n");
      await ben.until(/Ann: hello/);
      ben.write("line\r");
      await ann.until(/Ben: half a line/);
      ben.write("\x03");
      assert.deepEqual(await ben.end(), [0, null]);
      await ann.until(/Ben has left/);
      ann.child.stdin.end();
      await ann.end();
    },
  },
  {
    name: "wrong arguments are 2, with what is wrong; a server that is not there is 1",
    async run() {
      for (const [given, wrong] of /** @type {const} */ ([
        [["--room", "tea"], /^A name has/],
        [["--name", "Ann", "--room", "a b"], /^A room has/],
        [["--nme", "Ann"], /--nme/],
      ])) {
        const ann = startTerminal(folder, [...given]);
        assert.deepEqual(await ann.end(), [2, null]);
        assert.match(ann.errors, wrong);
        assert.match(ann.errors, /npm run chat -- --name NAME/);
      }
      const nowhere = `http://127.0.0.1:${await freePort()}/`;
      const ann = startTerminal(folder, args("Ann", "tea", nowhere));
      assert.deepEqual(await ann.end(), [1, null]);
      assert.equal(ann.errors, "The server cannot be reached.\n");
    },
  },
  {
    name: "a server that is told to end says goodbye, and a port that is taken is said",
    async run() {
      const other = startExample(folder, "server/main.js", { PORT: new URL(server.url).port });
      await assert.rejects(other, /did not start/);
      const ann = startTerminal(folder, args("Ann"));
      await ann.until(/You are Ann/);
      await server.stop("SIGTERM");
      assert.deepEqual(await ann.end(), [1, null]);
      assert.equal(ann.errors, "The server is shutting down.\n");
    },
  },
]);
await server.stop();
