// SPDX-License-Identifier: Apache-2.0

import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { chatInTerminal } from "../src/terminal/terminal.js";
import { chatServer, chatUrl, member } from "./support/chat.js";

/** A client that talks to streams. */
function terminalClient(url: string, name: string) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const left = new AbortController();
  const ended = chatInTerminal({ url, room: "tea", name }, { input, output, isTTY: false }, left.signal);
  const lines = createInterface({ input: output })[Symbol.asyncIterator]();
  /** The next line, without the time. */
  const next = async () => ((await lines.next()).value as string).replace(/^\d\d:\d\d /, "");
  return { input, output, left, ended, next };
}

test("two terminals talk, and the end of the input is the end", async () => {
  const url = chatUrl(await chatServer());
  const ann = terminalClient(url, "Ann");
  expect(await ann.next()).toBe("* You are Ann in tea. Here: Ann");
  const ben = terminalClient(url, "Ben");
  expect(await ben.next()).toBe("* You are Ben in tea. Here: Ann, Ben");
  expect(await ann.next()).toBe("* Ben has come");
  ann.input.write("hello \x1b[2J\nagain\n");
  for (const { next } of [ann, ben]) {
    expect(await next()).toBe("Ann: hello \\u{1b}[2J");
    expect(await next()).toBe("Ann: again");
  }
  ben.input.end("bye");
  await ben.ended;
  expect(await ann.next()).toBe("Ben: bye");
  expect(await ann.next()).toBe("* Ben has left");
  ann.left.abort();
  await ann.ended;
});

test("what is piped in before the connection is there is not lost", async () => {
  const server = await chatServer();
  const ben = await member(server, { name: "Ben" });
  const ann = terminalClient(chatUrl(server), "Ann");
  ann.input.end("one\ntwo\n");
  expect(await ben.next()).toEqual({ type: "joined", name: "Ann" });
  expect(await ben.next()).toMatchObject({ message: { text: "one" } });
  expect(await ben.next()).toMatchObject({ message: { text: "two" } });
  expect(await ben.next()).toEqual({ type: "left", name: "Ann" });
  await ann.ended;
});

test("what cannot be sent is said, and the conversation goes on", async () => {
  const ann = terminalClient(chatUrl(await chatServer()), "Ann");
  await ann.next();
  ann.input.write(`${"x".repeat(1_001)}\nfine\n`);
  expect(await ann.next()).toBe("! A message has at most 1,000 characters.");
  expect(await ann.next()).toBe("Ann: fine");
  ann.left.abort();
  await ann.ended;
});

test("an output that nobody reads any more is the end", async () => {
  const ann = terminalClient(chatUrl(await chatServer()), "Ann");
  await ann.next();
  ann.output.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  await ann.ended;
});

test("a server that goes away is an error, in words", async () => {
  const server = await chatServer();
  const ann = terminalClient(chatUrl(server), "Ann");
  await ann.next();
  const ended = expect(ann.ended).rejects.toThrow("The server is shutting down.");
  await server.close();
  await ended;
});
