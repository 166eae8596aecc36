// SPDX-License-Identifier: Apache-2.0
// What an engine outside of the package gets from `halyard/engine`.
import { HttpClient, InvalidArgumentError, WebSockets } from "halyard";
import { type MessageBinding, MessageEngine, type MessageTransport, systemClock } from "halyard/engine";
import { VirtualClock } from "halyard/testing";
import { expect, test } from "vitest";
import { failure, rejection } from "../support/clients.ts";
import { turns } from "../support/leaks.ts";

/** An engine whose connections open at once, with what became of them. */
function engineWith(binding: Partial<MessageBinding> = {}) {
  const log: string[] = [];
  const transports: MessageTransport[] = [];
  const engine = new MessageEngine({
    name: "Own",
    capabilities: new Set(),
    clock: systemClock,
    connect: (_, { listen }) => {
      const drop = () => log.push("drop");
      transports.push(listen({ bufferedAmount: 0, send: () => undefined, close: () => undefined, drop }));
      return Promise.resolve({ subprotocol: "" });
    },
    close: () => Promise.resolve(void log.push("close")),
    ...binding,
  });
  const client = new HttpClient({ name: "Own", create: () => engine }).install(WebSockets);
  return { client, log, transports };
}

test("a typed error of the binding is the session's, as it is", async () => {
  const { client, transports } = engineWith();
  const session = await client.webSocketSession("ws://127.0.0.1:1/");
  const error = new InvalidArgumentError("of the binding");
  transports[0]?.failed(error);
  expect(await rejection(session.incoming.receive())).toBe(error);
  await client.close();
});

test("what the binding opened and then gave up is dropped", async () => {
  const { client, log } = engineWith({
    connect: (_, { listen }) => {
      listen({
        bufferedAmount: 0,
        send: () => undefined,
        close: () => undefined,
        drop: () => log.push("drop"),
      });
      return Promise.reject(new InvalidArgumentError("on second thoughts"));
    },
  });
  await failure(client.webSocketSession("ws://127.0.0.1:1/"), InvalidArgumentError);
  expect(log).toEqual(["drop"]);
});

test("a binding that opens and does not listen is found out", async () => {
  const { client } = engineWith({ connect: () => Promise.resolve({ subprotocol: "" }) });
  expect(await rejection(client.webSocketSession("ws://127.0.0.1:1/"))).toBeInstanceOf(TypeError);
});

test("who waits until something is written is told by the platform, and needs no clock", async () => {
  const socket = { bufferedAmount: 3, send: () => undefined, close: () => undefined, drop: () => undefined };
  let transport: MessageTransport | undefined;
  const { client } = engineWith({
    clock: new VirtualClock(),
    connect: (_, { listen }) => {
      transport = listen(socket);
      return Promise.resolve({ subprotocol: "" });
    },
  });
  const session = await client.webSocketSession("ws://127.0.0.1:1/");
  await session.send("abc");
  const flushed = session.flush();
  await turns();
  socket.bufferedAmount = 0;
  transport?.written();
  await flushed;
  session.cancel();
  await client.close();
});

test("closing the engine drops its connections, and then what they share", async () => {
  const { client, log } = engineWith();
  const session = await client.webSocketSession("ws://127.0.0.1:1/");
  await client.engine.close();
  expect(log.slice(0, 2)).toEqual(["drop", "close"]);
  await session.closeReason;
});
