// SPDX-License-Identifier: Apache-2.0
// A loop that does nothing but send leaves the event loop to others, however fast its messages are taken.
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { Js, type WebSocketConstructor } from "../../src/engines/js/index.ts";
import {
  bounded,
  type DefaultWebSocketSession,
  Frame,
  HttpClient,
  unlimited,
  WebSockets,
} from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { testClient } from "../support/clients.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

type Send = (session: DefaultWebSocketSession) => Promise<unknown>;

const frames = 40_000;
const config = { channels: { outgoing: unlimited() } };
const clients = {
  Cio: () => testClient(config),
  "Js with ws": () =>
    new HttpClient(Js, { webSocket: WebSocket as unknown as WebSocketConstructor }).install(
      WebSockets,
      config,
    ),
};

/** How often the event loop has turned until a promise is settled. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await work;
  isOver = true;
  return turns;
}

async function repeatedly(send: () => Promise<unknown>): Promise<void> {
  for (let sent = 0; sent < frames; sent++) await send();
}

async function* parts(): AsyncIterable<string> {
  for (let given = 0; given < frames; given++) yield "a";
}

const ways: readonly [name: string, send: Send][] = [
  ["texts", (session) => repeatedly(() => session.send("a"))],
  ["frames", (session) => repeatedly(() => session.outgoing.send(new Frame.Binary(new Uint8Array(1))))],
  ["messages of nothing", (session) => repeatedly(() => session.send(""))],
  ["the parts of a message", (session) => session.send(parts())],
];

for (const [engine, makeClient] of Object.entries(clients)) {
  test.each(ways)(`with ${engine}, who sends %s leaves turns to others`, async (_, send) => {
    await using server = new WebSocketServer({ maxFragments: Infinity }).webSocket("/", async (session) => {
      for await (const _frame of session.incoming);
    });
    const { url } = await server.listen();
    await using client = makeClient();
    await client.webSocket(url, async (session) => {
      expect(await turnsDuring(send(session))).toBeGreaterThanOrEqual(9);
    });
  });
}

test("with a queue for one message, who waits for room each time leaves turns to others", async () => {
  await using server = new WebSocketServer().webSocket("/", async (session) => {
    for await (const _frame of session.incoming);
  });
  const { url } = await server.listen();
  await using client = testClient({ channels: { outgoing: bounded({ messages: 1 }) } });
  await client.webSocket(url, async (session) => {
    expect(await turnsDuring(repeatedly(() => session.send("a")))).toBeGreaterThanOrEqual(9);
  });
});

test("a server that sends to many sessions one after the other leaves turns to others", async () => {
  const sessions: DefaultWebSocketSession[] = [];
  await using server = new WebSocketServer().webSocket("/", async (session) => {
    sessions.push(session);
    for await (const _frame of session.incoming);
  });
  const { url } = await server.listen();
  await using client = testClient();
  for (let opened = 0; opened < 50; opened++) await client.webSocketSession(url);
  const broadcasts = async () => {
    for (let sent = 0; sent < frames; sent += sessions.length)
      for (const session of sessions) await session.send("a");
  };
  expect(await turnsDuring(broadcasts())).toBeGreaterThanOrEqual(9);
});
