// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { InProcessBus } from "../src/bus/in-process.js";
import { chatServer, connectTo, member } from "./support/chat.js";

test("two in a room hear each other, who comes and who goes", async () => {
  const server = await chatServer();
  const ann = await member(server, { name: "Ann" });
  expect(ann.welcome).toEqual({ type: "welcome", room: "tea", name: "Ann", present: ["Ann"], messages: [] });
  const ben = await member(server, { name: "Ben" });
  expect(ben.welcome.present).toEqual(["Ann", "Ben"]);
  expect(await ann.next()).toEqual({ type: "joined", name: "Ben" });
  await ben.say(" hello ");
  const said = { type: "said", message: { id: expect.closeTo(Date.now(), -4), name: "Ben", text: "hello" } };
  expect(await ann.next()).toEqual(said);
  expect(await ben.next()).toEqual(said);
  await ben.session.close();
  expect(await ann.next()).toEqual({ type: "left", name: "Ben" });
});

test("rooms are apart", async () => {
  const server = await chatServer();
  const ann = await member(server, { name: "Ann", room: "tea" });
  const ben = await member(server, { name: "Ben", room: "coffee" });
  await ben.say("not for Ann");
  await ann.say("not for Ben");
  expect(await ann.next()).toMatchObject({ message: { text: "not for Ben" } });
  expect(await (await fetch(`${server.url}rooms`)).json()).toEqual(["tea", "coffee"]);
});

test("a room has one subscription while somebody of this process is in it, and none afterwards", async () => {
  const bus = new InProcessBus();
  const subscribe = bus.subscribe.bind(bus);
  let subscriptions = 0;
  let ended: () => void = () => undefined;
  const isOver = new Promise<void>((resolve) => (ended = resolve));
  bus.subscribe = async (room, listener) => {
    subscriptions++;
    const unsubscribe = await subscribe(room, listener);
    return () => unsubscribe().then(ended);
  };
  const server = await chatServer({ bus });
  const ann = await member(server, { name: "Ann" });
  const ben = await member(server, { name: "Ben" });
  await ann.session.close();
  expect(await ben.next()).toEqual({ type: "left", name: "Ann" });
  await ben.session.close();
  await isOver;
  expect(subscriptions).toBe(1);
});

test("who comes later gets the history, and who comes back only what was missed", async () => {
  const bus = new InProcessBus();
  const server = await chatServer({ bus });
  for (let n = 0; n < 103; n++) await bus.post("tea", "Ben", `message ${n}`);
  const { messages } = (await member(server, { name: "Ann" })).welcome;
  expect(messages.map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, n) => `message ${n + 3}`));
  const again = await member(server, { name: "Ann", since: messages[97]?.id ?? 0 });
  expect(again.welcome.messages).toEqual(messages.slice(98));
});

test("what is said while somebody joins comes once: in the history or after it", async () => {
  const bus = new InProcessBus();
  const server = await chatServer({ bus });
  const historyOf = bus.history.bind(bus);
  bus.history = async (room, since) => {
    await bus.post(room, "Ben", "in the history");
    const messages = await historyOf(room, since);
    await bus.post(room, "Ben", "after it");
    return messages;
  };
  const ann = await member(server, { name: "Ann" });
  expect(ann.welcome.messages.map(({ text }) => text)).toEqual(["in the history"]);
  expect(await ann.next()).toMatchObject({ type: "said", message: { text: "after it" } });
  await ann.say("and nothing between");
  expect(await ann.next()).toMatchObject({ message: { text: "and nothing between" } });
});

test.each([
  ["a name that is none", { type: "join", room: "tea", name: "\u202e" }, /^A name has/],
  ["a room that is none", { type: "join", room: "a b", name: "Ann" }, /^A room has/],
  ["a text before the room", { type: "say", text: "hello" }, /^The first message/],
  ["another protocol", "hello", /./],
])("%s is refused in words, with 1008", async (_what, first, words) => {
  const session = await connectTo(await chatServer());
  await session.sendSerialized(first);
  const { code, message } = await session.closeReason;
  expect(code).toBe(1008);
  expect(message).toMatch(words);
});

test("who says nothing is not kept", async () => {
  const session = await connectTo(await chatServer({ limits: { joinTimeout: 20 } }));
  expect(await session.closeReason).toMatchObject({ code: 1008, message: "Nothing was said for too long." });
});

test("what cannot be said is refused in words, and the conversation goes on", async () => {
  const ann = await member(await chatServer(), { name: "Ann" });
  await ann.say("x".repeat(1_001));
  expect(await ann.next()).toEqual({ type: "refused", why: "A message has at most 1,000 characters." });
  await ann.session.send("{");
  expect(await ann.next()).toEqual({ type: "refused", why: "This is no message of this chat." });
  await ann.session.sendSerialized({ type: "join", room: "coffee", name: "Ann" });
  expect(await ann.next()).toEqual({ type: "refused", why: "You are in a room already." });
  await ann.session.sendSerialized({ type: "alive" });
  expect(await ann.next()).toEqual({ type: "alive" });
  await ann.say("fine");
  expect(await ann.next()).toMatchObject({ message: { text: "fine" } });
});

test("a message of more than 8 KiB closes with 1009", async () => {
  const ann = await member(await chatServer(), { name: "Ann" });
  await ann.say("x".repeat(10_000));
  expect(await ann.session.closeReason).toMatchObject({ code: 1009 });
});

test("a flood is told so, and then closed with 1008; others got only what the limit lets through", async () => {
  const rate = { burst: 3, perSecond: 0.001 };
  const server = await chatServer({ limits: { messages: rate, refusals: { burst: 2, perSecond: 0.001 } } });
  const ben = await member(server, { name: "Ben" });
  const ann = await member(server, { name: "Ann" });
  await ben.next();
  for (let n = 0; n < 6; n++) await ann.say(`${n}`);
  for (let n = 0; n < 3; n++) expect(await ann.next()).toMatchObject({ message: { text: `${n}` } });
  for (let n = 0; n < 2; n++) {
    expect(await ann.next()).toEqual({ type: "refused", why: "You send too fast: this was not sent." });
  }
  expect(await ann.session.closeReason).toMatchObject({ code: 1008, message: "Too much was sent too fast." });
  for (let n = 0; n < 3; n++) expect(await ben.next()).toMatchObject({ message: { text: `${n}` } });
  expect(await ben.next()).toEqual({ type: "left", name: "Ann" });
});

test("who does not read is dropped, and nobody waits for that", async () => {
  const bus = new InProcessBus();
  const server = await chatServer({ bus });
  const slow = await connectTo(server);
  await slow.sendSerialized({ type: "join", room: "tea", name: "Slow" });
  const ann = await member(server, { name: "Ann" });
  // The system's buffers of that connection, and our queue, take some; Ann gets it all meanwhile.
  for (let posted = 0; posted < 50_000; posted++) {
    await bus.post("tea", "Ben", "x".repeat(1_000));
    if ((await ann.next()).type === "left") return;
  }
  throw new Error("50 MB went to somebody who does not read");
});

test("pages of other hosts may not connect unless they are listed", async () => {
  const server = await chatServer({ origins: ["https://example.org"] });
  const refused = connectTo(server, { Origin: "https://elsewhere.example" });
  await expect(refused).rejects.toMatchObject({ code: "ERR_HALYARD_HANDSHAKE", status: 403 });
  await connectTo(server, { Origin: "https://example.org" });
  await connectTo(server, { Origin: server.url.slice(0, -1) });
});

test("more connections than allowed are refused with 503, another path with 404", async () => {
  const server = await chatServer({ maxConnections: 1 });
  const first = await member(server, { name: "Ann" });
  await expect(connectTo(server)).rejects.toMatchObject({ status: 503 });
  await first.session.close();
  const elsewhere = await fetch(`${server.url}elsewhere`);
  expect([elsewhere.status, (await fetch(`${server.url}__proto__`)).status]).toEqual([404, 404]);
});

test("health says whether the chat can be used", async () => {
  const bus = new InProcessBus();
  const server = await chatServer({ bus });
  await member(server, { name: "Ann" });
  const health = async () => {
    const response = await fetch(`${server.url}health`);
    return [response.status, await response.json()];
  };
  expect(await health()).toEqual([200, { isReady: true, connections: 1 }]);
  Object.defineProperty(bus, "isReady", { value: false });
  expect(await health()).toEqual([503, { isReady: false, connections: 1 }]);
});

test("a shutdown says goodbye to everybody with 1001", async () => {
  const server = await chatServer();
  const ann = await member(server, { name: "Ann" });
  const silent = await connectTo(server);
  await server.close();
  const goodbye = { code: 1001, message: "The server is shutting down." };
  expect(await ann.session.closeReason).toMatchObject(goodbye);
  expect(await silent.closeReason).toMatchObject(goodbye);
  await expect(connectTo(server)).rejects.toMatchObject({ code: "ERR_HALYARD_CONNECTION" });
});

test("when the bus fails, it is said: of a message, and of joining", async () => {
  const bus = new InProcessBus();
  const server = await chatServer({ bus });
  const ann = await member(server, { name: "Ann" });
  bus.post = () => Promise.reject(new Error("away"));
  await ann.say("hello");
  expect(await ann.next()).toEqual({ type: "refused", why: "This could not be sent. Try again." });
  bus.history = () => Promise.reject(new Error("away"));
  const ben = await connectTo(server);
  await ben.sendSerialized({ type: "join", room: "tea", name: "Ben" });
  expect(await ben.closeReason).toMatchObject({ code: 1013 });
  expect(await ann.next()).toEqual({ type: "joined", name: "Ben" });
  expect(await ann.next()).toEqual({ type: "left", name: "Ben" });
});
