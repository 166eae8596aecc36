// SPDX-License-Identifier: Apache-2.0
// Programs that do the wrong thing at the wrong time: hooks that throw, calls that compete, errors that nobody listens to.
import { EventEmitter } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deflate } from "../../src/extensions/deflate/node/index.ts";
import {
  Auth,
  ConnectionError,
  ConnectionEvents,
  codec,
  type DefaultClientWebSocketSession,
  DeserializeError,
  Frame,
  HalyardError,
  HandshakeError,
  type HttpClient,
  HttpCookies,
  HttpRequestRetry,
  Logging,
  type SessionEnd,
  TimeoutError,
  type WebSockets,
} from "../../src/index.ts";
import { WebSocketServer, type WebSocketServerOptions } from "../../src/server/index.ts";
import { ROLES } from "../protocol/support.ts";
import { failure, rejection, testClient } from "../support/clients.ts";
import { hostileServer, unusedPort } from "../support/hostile-server.ts";
import { checkLeaks, turn, until } from "../support/leaks.ts";
import { meet } from "./meeting.ts";

checkLeaks();

const fault = new Error("the program's own");

function thrower(): never {
  throw fault;
}

/** An echo, and how its sessions ended. */
async function echo(options?: WebSocketServerOptions) {
  const ends: SessionEnd[] = [];
  const server = new WebSocketServer(options).webSocket("/", async (session) => {
    void session.ended.then((end) => ends.push(end));
    for await (const frame of session.incoming) await session.send(frame);
  });
  const { url } = await server.listen();
  return { url, ends, [Symbol.asyncDispose]: () => server.close() };
}

describe("LC-03: a hook that throws", () => {
  const broken = codec({ encode: thrower, decode: thrower, messages: "text" });

  test.each<
    [
      what: string,
      config: WebSockets.Config,
      call: (session: DefaultClientWebSocketSession) => Promise<unknown>,
    ]
  >([
    ["a converter that writes", { contentConverter: broken }, (session) => session.sendSerialized(1)],
    [
      "a converter that reads",
      { contentConverter: broken },
      async (session) => {
        await session.send("text");
        const { cause } = await failure(session.receiveDeserialized(), DeserializeError);
        throw cause;
      },
    ],
    [
      "a part of a message that never came to be",
      {},
      (session) =>
        session.send({
          [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(fault) }),
        } as AsyncIterable<string>),
    ],
  ])("%s: fails its call, and the session goes on", async (_, config, call) => {
    await using server = await echo();
    await using client = testClient(config);
    const session = await client.webSocketSession(server.url);
    expect(await rejection(call(session))).toBe(fault);
    await session.send("and on");
    expect(((await session.incoming.receive()) as Frame.Text).readText()).toBe("and on");
    expect((await session.close()).clean).toBe(true);
  });

  test.each<[what: string, config: () => WebSockets.Config]>([
    ["a heartbeat's message", () => ({ pingInterval: 10, heartbeat: { message: thrower } })],
    [
      "a heartbeat's answer",
      () => ({ pingInterval: 10, heartbeat: { message: () => "beat", isAnswer: thrower } }),
    ],
    ["compressIf", () => ({ extensions: [deflate({ threshold: 0, compressIf: thrower })] })],
  ])(
    "%s: ends the session, or its call, with that, and everybody who waits is told",
    async (_, configure) => {
      const config = configure();
      await using server = await echo(config.extensions && { extensions: [deflate()] });
      await using client = testClient(config);
      const session = await client.webSocketSession(server.url);
      const receiving = rejection(session.incoming.receive());
      // Of a heartbeat nobody makes a call that could fail.
      if (config.heartbeat === undefined) session.cancel(await rejection(session.send("text")));
      expect(await receiving).toBe(fault);
      expect(await session.ended).toMatchObject({ clean: false, error: fault });
      await until(() => server.ends.length === 1, "the end on the other side");
    },
  );

  test.each<[what: string, install: (client: HttpClient<"WebSockets">) => HttpClient<"WebSockets">]>([
    [
      "credentials",
      (client) => client.install(Auth, { providers: [{ unasked: thrower, answer: thrower } as never] }),
    ],
    [
      "a store of cookies",
      (client) => client.install(HttpCookies, { storage: { get: thrower, add: thrower } }),
    ],
    ["retryIf", (client) => client.install(HttpRequestRetry, { retryIf: thrower })],
  ])("%s: fails the attempt with that", async (_, install) => {
    await using client = install(testClient());
    const target = `ws://127.0.0.1:${await unusedPort()}/`;
    expect(await rejection(client.webSocketSession(target))).toBe(fault);
  });

  test("who only listens, to events or logs, is told of and fails nothing", async () => {
    const told: unknown[] = [];
    await using server = await echo();
    await using client = testClient()
      .install(ConnectionEvents, { listener: thrower, onError: (error) => told.push(error) })
      .install(Logging, { logger: { log: thrower } });
    await client.webSocket(server.url, async (session) => {
      await session.send("fine");
      await session.incoming.receive();
    });
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((error) => error === fault)).toBe(true);
  });
});

test("LC-04: nothing is an emitter, whose `error` without a listener would end the process", async () => {
  await using server = new WebSocketServer().webSocket("/", () => undefined);
  const { url } = await server.listen();
  await using client = testClient();
  const session = await client.webSocketSession(url);
  for (const each of [
    server,
    client,
    client.engine,
    session,
    session.incoming,
    session.outgoing,
    session.call,
  ]) {
    expect(each).not.toBeInstanceOf(EventEmitter);
    expect(each).not.toBeInstanceOf(EventTarget);
    expect(each).not.toHaveProperty("on");
  }
  await session.ended;
});

describe.each(ROLES)("a %s", (role) => {
  test("LC-06: loses and doubles nothing for receivers that compete, and give up", async () => {
    const plans = fc.array(fc.constantFrom("receive", "abort", "iterate", "tryReceive", "turn"), {
      minLength: 1,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const count = 40;
        await using met = await meet(role);
        const { session, peer } = met;
        const got: number[] = [];
        const tried: number[] = [];
        const take = (frame: Frame | undefined) => frame !== undefined && got.push(frame.data[0] ?? 0);
        const waits: Promise<unknown>[] = [];
        const iterator = session.incoming[Symbol.asyncIterator]();
        peer.say(...Array.from({ length: count }, (_, at) => Uint8Array.of(0x82, 1, at)));
        for (const step of plan) {
          const controller = new AbortController();
          if (step === "receive") waits.push(session.incoming.receive().then(take, () => undefined));
          if (step === "iterate")
            waits.push(
              iterator.next().then(
                ({ value }) => take(value),
                () => undefined,
              ),
            );
          if (step === "tryReceive") tried.push(...(session.incoming.tryReceive()?.data ?? []));
          if (step === "abort") {
            waits.push(session.incoming.receive(controller).then(take, () => undefined));
            controller.abort();
          }
          if (step === "turn") await turn();
        }
        while (got.length + tried.length < count) {
          await turn();
          if (waits.length < count * 3) waits.push(session.incoming.receive().then(take, () => undefined));
        }
        session.cancel();
        await Promise.all(waits);
        expect(got, "in order").toEqual(got.toSorted((a, b) => a - b));
        expect(new Set([...got, ...tried]).size, "each once").toBe(count);
        expect(got.length + tried.length).toBe(count);
      }),
      { numRuns: 15 },
    );
  });

  test("LC-07: keeps frames whole, and the order of each of many who send at once", async () => {
    await using met = await meet(role);
    const { session, peer } = met;
    const senders = 8;
    const sends = Array.from({ length: senders }, async (_, sender) => {
      for (let count = 0; count < 30; count++) {
        const text = `${sender}:${count}:`;
        if (count % 5 === 4) {
          await session.send(
            (async function* () {
              yield text;
              await turn();
              yield "x".repeat(50);
            })(),
          );
        } else if (count % 7 === 6) await session.send(new Frame.Ping(Buffer.from("ping")));
        else await session.send(text + "x".repeat(count * 40));
        if (count % 3 === 0) await turn();
      }
    });
    await Promise.all(sends);
    await session.send("the end");
    await until(() => String(peer.frames.at(-1)?.payload) === "the end", "all of it");
    const messages: string[] = [];
    let inParts: string | null = null;
    for (const { first, payload } of peer.frames.slice(0, -1)) {
      const isLast = (first & 0x80) !== 0;
      const opcode = first & 0x0f;
      if (opcode === 9) {
        expect(String(payload)).toBe("ping");
        continue;
      }
      expect(opcode, "another message inside of one").toBe(inParts === null ? 1 : 0);
      inParts = (inParts ?? "") + String(payload);
      if (!isLast) continue;
      messages.push(inParts);
      inParts = null;
    }
    for (let sender = 0; sender < senders; sender++) {
      const own = messages
        .filter((text) => text.startsWith(`${sender}:`))
        .map((text) => Number(text.split(":")[1]));
      expect(own).toEqual(
        Array.from({ length: 30 }, (_, count) => count).filter((count) => count % 5 === 4 || count % 7 !== 6),
      );
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
    for (const text of messages) expect(text).toMatch(/^\d:\d+:x*$/);
  });
});

describe("LC-11: an error says what, where and when, and keeps its cause", () => {
  test.each<
    [
      what: string,
      script: Parameters<typeof hostileServer>[0] | null,
      type: typeof HandshakeError,
      known: object,
    ]
  >([
    [
      "nothing listens",
      null,
      ConnectionError as never,
      { code: "ERR_HALYARD_CONNECTION", phase: "connect", cause: { code: "ECONNREFUSED" } },
    ],
    [
      "a refusal",
      (peer) => peer.request().then(() => peer.end("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")),
      HandshakeError,
      { code: "ERR_HALYARD_HANDSHAKE", phase: "upgrade", status: 403 },
    ],
    [
      "a reset",
      (peer) => peer.request().then(() => peer.reset()),
      ConnectionError as never,
      { code: "ERR_HALYARD_CONNECTION", phase: "upgrade", cause: { code: "ECONNRESET" } },
    ],
    [
      "silence",
      () => undefined,
      TimeoutError as never,
      { code: "ERR_HALYARD_TIMEOUT", phase: "upgrade", milliseconds: 60 },
    ],
  ])("%s", async (_, script, type, known) => {
    await using server = script === null ? null : await hostileServer(script);
    const port = server?.port ?? (await unusedPort());
    await using client = testClient({ handshakeTimeout: script?.length === 0 ? 60 : 5_000 });
    const error = await failure(client.webSocketSession(`ws://localhost:${port}/path?secret=1`), type);
    expect(error).toMatchObject({ ...known, url: `ws://localhost:${port}/path?...` });
    expect(error).toBeInstanceOf(HalyardError);
    expect(error.message).toMatch(/\w+ \w+/);
    expect(error.message).not.toMatch(/undefined|\[object|secret/);
    // What a program sends elsewhere, or prints, says as much.
    const { code, phase } = JSON.parse(JSON.stringify(error)) as { code: string; phase: string };
    expect({ code, phase }).toEqual({ code: error.code, phase: error.phase });
    expect(structuredClone(error).message).toBe(error.message);
  });
});
