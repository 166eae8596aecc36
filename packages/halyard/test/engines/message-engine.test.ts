// SPDX-License-Identifier: Apache-2.0
// What an engine outside of the package gets from `halyard/engine`.
import {
  Frame,
  FrameTooBigError,
  HttpClient,
  InvalidArgumentError,
  ProtocolViolationError,
  UnsupportedCapabilityError,
  WebSockets,
} from "halyard";
import {
  type MessageBinding,
  MessageEngine,
  type MessageSocket,
  type MessageTransport,
  systemClock,
} from "halyard/engine";
import { VirtualClock } from "halyard/testing";
import { expect, test } from "vitest";
import { failure, rejection } from "../support/clients.ts";
import { turns } from "../support/leaks.ts";

/** An engine whose connections open at once, with what became of them. */
function engineWith(binding: Partial<MessageBinding> = {}, socket: Partial<MessageSocket> = {}) {
  const log: string[] = [];
  const transports: MessageTransport[] = [];
  const engine = new MessageEngine({
    name: "Own",
    capabilities: new Set(),
    clock: systemClock,
    connect: (_, { listen }) => {
      const drop = () => log.push("drop");
      const idle = { bufferedAmount: 0, send: () => undefined, close: () => undefined, drop };
      transports.push(listen({ ...idle, ...socket }));
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

test.each([
  ["a message that is too big", new FrameTooBigError("maxMessageSize", 11, 10), 1009],
  ["a breach of the protocol", new ProtocolViolationError("not UTF-8", 1007), 1007],
])("%s fails the session with its code", async (_, error, code) => {
  const { client, transports } = engineWith();
  const session = await client.webSocketSession("ws://127.0.0.1:1/");
  transports[0]?.failed(error);
  expect(await rejection(session.incoming.receive())).toBe(error);
  expect((await session.closeReason).code).toBe(code);
  await client.close();
});

test.each([
  [4001, "bye"],
  [1005, ""],
])(
  "a connection that is lost behind the peer's Close frame ends unclean, with its %i",
  async (code, message) => {
    const { client, transports } = engineWith();
    const session = await client.webSocketSession("ws://127.0.0.1:1/");
    transports[0]?.failed(new Error("reset"), { code, message });
    expect(await rejection(session.incoming.receive())).toMatchObject({
      name: "ConnectionError",
      phase: "closing",
    });
    expect(await session.closeReason).toMatchObject({ code, message });
    expect(await session.ended).toMatchObject({ clean: false, initiator: "peer", sent: null });
    await client.close();
  },
);

/** A session on sockets that can ping, and the payloads of the pings. */
async function pinging(config: WebSockets.Config) {
  const clock = new VirtualClock();
  const pings: Uint8Array[] = [];
  const { client, transports } = engineWith(
    { clock, capabilities: new Set(["pingPong"]) },
    { ping: (payload) => void pings.push(payload) },
  );
  const session = await client.install(WebSockets, config).webSocketSession("ws://127.0.0.1:1/");
  return { clock, pings, session, transport: transports[0] as MessageTransport };
}

test("where sockets can ping the session pings, and pongs keep it alive and measure latency", async () => {
  const { clock, pings, session, transport } = await pinging({ pingInterval: 1_000, pingTimeout: 500 });
  for (let round = 1; round <= 3; round++) {
    await clock.advance(1_000 - (round === 1 ? 0 : 40));
    expect(pings).toHaveLength(round);
    await clock.advance(40);
    transport.pong(pings[round - 1] as Uint8Array);
    await clock.advance(0);
    expect(session.latency).toBe(40);
  }
  session.cancel();
});

test("a peer that answers no ping is given up", async () => {
  const { clock, session } = await pinging({ pingInterval: 1_000, pingTimeout: 500 });
  await clock.advance(1_500);
  expect((await session.closeReason).code).toBe(1011);
  session.cancel();
});

test("a ping's payload is the caller's, its pong the session's, even an empty one a sign of life", async () => {
  const { clock, pings, session, transport } = await pinging({ pingInterval: 1_000, pingTimeout: 500 });
  const payload = Uint8Array.of(1, 2);
  await session.send(new Frame.Ping(payload));
  payload.fill(9);
  expect(pings).toEqual([Uint8Array.of(1, 2)]);
  await clock.advance(1_000);
  transport.pong(new Uint8Array(0));
  await clock.advance(900);
  expect(session.signal.aborted).toBe(false);
  expect(session.latency).toBe(null);
  session.cancel();
});

test("a pong of its own no such socket can send, and a ping only one that has `ping`", async () => {
  const { session } = await pinging({});
  expect(await rejection(session.send(new Frame.Pong()))).toBeInstanceOf(UnsupportedCapabilityError);
  const { client } = engineWith();
  const mute = await client.webSocketSession("ws://127.0.0.1:1/");
  expect(await rejection(mute.send(new Frame.Ping()))).toBeInstanceOf(UnsupportedCapabilityError);
  expect(() => {
    mute.pingInterval = 1_000;
  }).toThrow(UnsupportedCapabilityError);
  session.cancel();
  mute.cancel();
});
