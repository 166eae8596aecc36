// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { HttpClient, json, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { expect, onTestFinished, test } from "vitest";
import { InProcessBus } from "../src/bus/in-process.js";
import { errorInWords } from "../src/shared/in-words.js";
import { Membership } from "../src/shared/membership.js";
import { chatServer, chatUrl } from "./support/chat.js";

function membershipAt(url: string): Membership {
  const client = new HttpClient(Cio).install(WebSockets, {
    contentConverter: json(),
    handshakeTimeout: 2_000,
  });
  onTestFinished(() => client.close());
  return new Membership(client, { url, room: "tea", name: "Ann" });
}

/** Where a server listens, until the test is over. */
async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** What a promise rejects with, in words. */
async function words(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "nothing was wrong",
    (error) => errorInWords(error),
  );
}

test("each connection begins with what was missed since the last one, and nothing comes twice", async () => {
  const bus = new InProcessBus();
  const server = await chatServer({ bus });
  const ann = membershipAt(chatUrl(server));
  const seen: string[] = [];
  const connect = async (last: string) => {
    for await (const message of ann.connect()) {
      if (message.type === "welcome") {
        seen.push(...message.messages.map(({ text }) => text));
        await bus.post("tea", "Ben", last);
      }
      if (message.type === "said") {
        seen.push(message.message.text);
        await ann.leave();
      }
    }
  };
  await bus.post("tea", "Ben", "one");
  await connect("two");
  await bus.post("tea", "Ben", "three");
  await connect("four");
  await connect("five");
  expect(seen).toEqual(["one", "two", "three", "four", "five"]);
});

test("a message that the server sends again is not given again", async () => {
  const bus = new InProcessBus();
  bus.history = async () => [{ id: 5, name: "Ben", text: "five" }];
  const subscribe = bus.subscribe.bind(bus);
  let tell: Parameters<InProcessBus["subscribe"]>[1] = () => undefined;
  bus.subscribe = (room, listener) => {
    tell = listener;
    return subscribe(room, listener);
  };
  const ann = membershipAt(chatUrl(await chatServer({ bus })));
  const ids: number[] = [];
  for await (const message of ann.connect()) {
    if (message.type === "welcome") {
      for (const id of [5, 6, 6, 4, 7]) tell({ type: "said", message: { id, name: "Ben", text: "" } });
    }
    if (message.type === "said") ids.push(message.message.id);
    if (ids.at(-1) === 7) await ann.leave();
  }
  expect(ids).toEqual([6, 7]);
});

test("why it ended is said in words", async () => {
  const server = await chatServer();
  const ann = membershipAt(chatUrl(server)).connect();
  await ann.next();
  await server.close();
  expect(await words(ann.next())).toBe("The server is shutting down.");
  expect(await words(membershipAt(chatUrl(server)).connect().next())).toBe("The server cannot be reached.");
});

test("a line that was cut is said so", async () => {
  const { port } = new URL((await chatServer()).url);
  const sockets: Socket[] = [];
  const line = createServer((near) => {
    sockets.push(near);
    const far = connect(Number(port), "127.0.0.1");
    near.pipe(far).pipe(near);
    near.once("close", () => far.destroy());
  });
  const ann = membershipAt(`ws://127.0.0.1:${await portOf(line)}/chat`).connect();
  await ann.next();
  for (const socket of sockets) socket.destroy();
  expect(await words(ann.next())).toBe("The connection was lost.");
});

test("what cannot be sent is said in words, and an attempt can be given up", async () => {
  const mute = createServer();
  const ann = membershipAt(`ws://127.0.0.1:${await portOf(mute)}/chat`);
  expect(await words(ann.say("hello"))).toBe("You are not connected.");
  const attempt = ann.connect().next();
  await ann.leave();
  expect(await attempt).toEqual({ done: true, value: undefined });

  const ben = membershipAt(chatUrl(await chatServer()));
  for await (const _ of ben.connect()) {
    expect(await words(ben.say("x".repeat(1_001)))).toBe("A message has at most 1,000 characters.");
    expect(await words(ben.say(" "))).toBe("There is nothing to send.");
    await ben.leave();
  }
});
