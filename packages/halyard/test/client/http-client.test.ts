// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import {
  DefaultWebSocketSession,
  HalyardError,
  HttpClient,
  InvalidArgumentError,
  WebSocketSession,
  WebSockets,
} from "../../src/index.ts";
import { failure, rejection } from "../support/clients.ts";
import { FakeEngine } from "./fake-engine.ts";

type Client = HttpClient<"WebSockets">;

/** Every way to run a block, and whether its session is raw. */
const ways: Record<
  string,
  [run: (client: Client, block: (session: WebSocketSession) => unknown) => Promise<unknown>, isRaw: boolean]
> = {
  webSocket: [(client, block) => client.webSocket({}, block), false],
  ws: [(client, block) => client.ws({}, block), false],
  wss: [(client, block) => client.wss({}, block), false],
  webSocketRaw: [(client, block) => client.webSocketRaw({}, block), true],
  wsRaw: [(client, block) => client.wsRaw({}, block), true],
  wssRaw: [(client, block) => client.wssRaw({}, block), true],
};

describe.each(Object.keys(ways))("%s", (name) => {
  const [run, isRaw] = ways[name] ?? [];
  if (run === undefined) throw new Error("no such way");

  function setUp() {
    const engine = new FakeEngine();
    return { engine, client: new HttpClient(engine).install(WebSockets) };
  }

  test("gives what the block gives, and closes with 1000", async () => {
    const { engine, client } = setUp();
    let held: WebSocketSession | undefined;
    const result = await run(client, (session) => {
      held = session;
      return Promise.resolve(5);
    });
    expect(result).toBe(5);
    expect(held).toBeInstanceOf(WebSocketSession);
    expect(held instanceof DefaultWebSocketSession).toBe(!isRaw);
    expect(await held?.ended).toMatchObject({ clean: true, sent: { code: 1000 } });
    expect(engine.request.mode).toBe(isRaw ? "raw" : "default");
    expect(engine.request.url.protocol).toBe(name.startsWith("wss") ? "wss:" : "ws:");
    expect(engine.clock.pending).toBe(0);
  });

  test("throws what the block throws, and closes with 1011", async () => {
    const { client } = setUp();
    const error = new Error("no");
    let held: WebSocketSession | undefined;
    const running = run(client, (session) => {
      held = session;
      throw error;
    });
    expect(await rejection(running)).toBe(error);
    expect(await held?.ended).toMatchObject({ sent: { code: 1011 } });
  });

  test("with an abort while the block runs throws the reason", async () => {
    const engine = new FakeEngine();
    const client = new HttpClient(engine).install(WebSockets);
    const controller = new AbortController();
    const method = client[name as "webSocket"].bind(client);
    const running = method({ signal: controller.signal }, (session) => {
      controller.abort("enough");
      return session.ended;
    });
    expect(await rejection(running)).toBe("enough");
    expect(engine.transports[0]?.isDisposed).toBe(true);
  });
});

test("a session that is held is closed by its holder", async () => {
  await using client = new HttpClient(new FakeEngine()).install(WebSockets);
  const session = await client.webSocketSession({});
  expect(session).toBeInstanceOf(DefaultWebSocketSession);
  expect(await session.close({ code: 4000 })).toMatchObject({ sent: { code: 4000 } });
  await using raw = await client.webSocketRawSession({});
  expect(raw).not.toBeInstanceOf(DefaultWebSocketSession);
});

test("the default engine is the best for the platform", async () => {
  await using client = new HttpClient();
  expect(client.engine.name).toBe("Cio");
  expect(client.engine.capabilities.has("unixSockets")).toBe(true);
});

test("options go to the factory, and an engine that is there already takes none", () => {
  const given: unknown[] = [];
  const factory = {
    name: "Fake",
    create(options?: { readonly speed: number }) {
      given.push(options);
      return new FakeEngine();
    },
  };
  const client = new HttpClient(factory, { speed: 5 });
  expect(given).toEqual([{ speed: 5 }]);
  expect(client.install(WebSockets).engine).toBe(client.engine);
  expect(() => new HttpClient(new FakeEngine(), {})).toThrow(InvalidArgumentError);
});

test("`await using` closes the client", async () => {
  const engine = new FakeEngine();
  {
    await using client = new HttpClient({ name: "Fake", create: () => engine });
    expect(client.engine).toBe(engine);
  }
  expect(engine.closeCalls).toBe(1);
});

test("its errors can be told from all others", async () => {
  await using client = new HttpClient(new FakeEngine()).install(WebSockets);
  const error = await failure(client.webSocketSession("nonsense"), InvalidArgumentError);
  expect(HalyardError.is(error)).toBe(true);
  expect(HalyardError.is(new Error("no"))).toBe(false);
});
