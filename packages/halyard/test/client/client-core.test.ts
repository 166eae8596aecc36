// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import {
  bounded,
  ClientClosedError,
  HttpClient,
  type HttpClientPlugin,
  InvalidArgumentError,
  type PluginInstance,
  PluginNotInstalledError,
  TimeoutError,
  WebSockets,
} from "../../src/index.ts";
import { failure, rejection } from "../support/clients.ts";
import { FakeEngine } from "./fake-engine.ts";

function setUp(config: WebSockets.Config = {}) {
  const engine = new FakeEngine();
  return { engine, client: new HttpClient(engine).install(WebSockets, config) };
}

describe("plugins", () => {
  test("one that is not installed is an error from JavaScript, and names what to do", async () => {
    const bare = new HttpClient(new FakeEngine()) as unknown as HttpClient<"WebSockets">;
    expect(() => bare.plugin(WebSockets)).toThrow(PluginNotInstalledError);
    const calls = [
      () => bare.webSocketSession("ws://h/"),
      () => bare.webSocketRawSession("ws://h/"),
      () => bare.webSocket("ws://h/", () => undefined),
      () => bare.wssRaw("wss://h/", () => undefined),
    ];
    for (const call of calls) {
      const error = await failure(call(), PluginNotInstalledError);
      expect(error).toMatchObject({ code: "ERR_HALYARD_PLUGIN_NOT_INSTALLED", plugin: "WebSockets" });
      expect(error.message).toMatch(/client\.install\(WebSockets\)/);
    }
  });

  test("installed twice has both configurations, the second over the first; the first client keeps its own", () => {
    const { client } = setUp({ closeTimeout: 1, maxFrameSize: 2 });
    const twice = client.install(WebSockets, { closeTimeout: 3, pingInterval: 4 });
    const { config, given } = twice.plugin(WebSockets);
    expect(config).toMatchObject({ closeTimeout: 3, pingInterval: 4, limits: { maxFrameSize: 2 } });
    expect(given).toEqual({ closeTimeout: 3, maxFrameSize: 2, pingInterval: 4 });
    expect(client.plugin(WebSockets).config).toMatchObject({ closeTimeout: 1, pingInterval: 20_000 });
  });

  test("an option given as undefined the second time does not bring back the default", () => {
    const { client } = setUp({ closeTimeout: 1 });
    const twice = client.install(WebSockets, { closeTimeout: undefined });
    expect(twice.plugin(WebSockets).config.closeTimeout).toBe(1);
  });

  test("installed twice keeps what lies deeper, too", () => {
    const { client } = setUp({ channels: { incoming: bounded({ messages: 3 }), outgoing: undefined } });
    const twice = client.install(WebSockets, {
      channels: { incoming: undefined, outgoing: bounded({ bytes: 4 }) },
    });
    expect(twice.plugin(WebSockets).config).toMatchObject({
      incoming: { messages: 3 },
      outgoing: { bytes: 4 },
    });
  });

  test("installed twice replaces what is no plain object: arrays, instances, iterables", () => {
    const seen: object[] = [];
    const keeping: HttpClientPlugin<"keeping", object, PluginInstance> = {
      name: "keeping",
      prepare: (config) => {
        seen.push(config);
        return {};
      },
    };
    const [first, second] = [new Headers({ a: "1" }), new Headers({ b: "2" })];
    new HttpClient(new FakeEngine())
      .install(keeping, {
        list: [1, 2],
        instance: first,
        mixed: { a: 1 },
        bare: Object.create(null) as object,
      })
      .install(keeping, { list: [3], instance: second, mixed: new Map(), bare: { b: 1 } })
      .install(keeping, JSON.parse('{ "__proto__": { "polluted": 1 } }') as object);
    expect(seen[1]).toEqual({ list: [3], instance: second, mixed: new Map(), bare: { b: 1 } });
    expect((seen[1] as { instance: Headers }).instance).toBe(second);
    expect(Object.keys(seen[2] as object)).toContain("__proto__");
    expect("polluted" in {}).toBe(false);
  });

  test("one that cannot be installed leaves the client as it was (LC-10)", () => {
    const { client } = setUp({ closeTimeout: 1 });
    expect(() => client.install(WebSockets, { closeTimeout: -1 })).toThrow(InvalidArgumentError);
    for (const config of [5, "closeTimeout"]) {
      expect(() => client.install(WebSockets, config as unknown as object)).toThrow(InvalidArgumentError);
    }
    expect(client.plugin(WebSockets).config.closeTimeout).toBe(1);
  });

  test("see each request in the order of installation, and what they make of it goes out", async () => {
    const { engine, client } = setUp();
    const adding = (letter: string): HttpClientPlugin<string, object, PluginInstance> => ({
      name: letter,
      prepare: () => ({ onRequest: (request) => void request.query.push(`${letter}=`) }),
    });
    await using both = client.install(adding("a")).install(adding("b"));
    await both.webSocketSession("ws://h/?x=1");
    expect(engine.request.url.href).toBe("ws://h/?x=1&a=&b=");
  });
});

describe("a request", () => {
  test("gets to the engine complete, with the URL for errors free of secrets", async () => {
    const { engine, client } = setUp({ maxFrameSize: 5 });
    await client.webSocketRawSession({
      url: "https://us%C3%A9r:p%3Aw@h.test:81/p?token=secret",
      headers: { A: ["1", "2"] },
      subprotocols: ["chat"],
      socketPath: "/run/s",
    });
    expect(engine.request).toMatchObject({
      safeUrl: "wss://h.test:81/p?...",
      headers: [
        ["A", "1"],
        ["A", "2"],
        ["Authorization", `Basic ${Buffer.from("usér:p:w").toString("base64")}`],
      ],
      subprotocols: ["chat"],
      socketPath: "/run/s",
      mode: "raw",
      limits: { maxFrameSize: 5, maxMessageSize: 16 * 2 ** 20 },
    });
    expect(engine.request.url.href).toBe("wss://h.test:81/p?token=secret");
    await client.close();
  });

  test("with an Authorization of its own keeps that one", async () => {
    const { engine, client } = setUp();
    await client.webSocketSession({ url: "ws://u:p@h/", headers: { authorization: "Bearer t" } });
    expect(engine.request.headers).toEqual([["authorization", "Bearer t"]]);
    await client.close();
  });

  test.each([undefined, "GET"] as const)("method %s is fine", async (method) => {
    const { client } = setUp();
    await client.webSocketSession({ method });
    await client.close();
  });

  test("shows itself in session.call, without user information", async () => {
    const { client } = setUp();
    const { call } = await client.webSocketSession({ url: "ws://u:p@h/?a=b", headers: { A: "1" } });
    expect(call.request.url.href).toBe("ws://h/?a=b");
    expect(call.request.headers.get("a")).toBe("1");
    expect(call.response.status).toBe(101);
    await client.close();
  });

  test("its timeout wins over the plugin's", async () => {
    const { engine, client } = setUp({ handshakeTimeout: 1_000 });
    engine.gate = new Promise(() => undefined);
    const own = failure(client.webSocketSession({ timeout: 10 }), TimeoutError);
    const general = failure(client.webSocketSession({}), TimeoutError);
    await engine.clock.advance(10);
    expect((await own).milliseconds).toBe(10);
    await engine.clock.advance(990);
    expect((await general).milliseconds).toBe(1_000);
    expect(engine.clock.pending).toBe(0);
  });
});

describe("wss()", () => {
  test.each(["ws://h/", "http://h/"])("refuses %s", async (url) => {
    const { engine, client } = setUp();
    for (const request of [url, new URL(url), { url }]) {
      await failure(
        client.wss(request, () => undefined),
        InvalidArgumentError,
      );
      await failure(
        client.wssRaw(request, () => undefined),
        InvalidArgumentError,
      );
    }
    await failure(
      client.wss({ protocol: "ws" }, () => undefined),
      InvalidArgumentError,
    );
    expect(engine.requests).toHaveLength(0);
  });

  test.each<[request: string | object, href: string]>([
    ["wss://h/", "wss://h/"],
    ["https://h/", "wss://h/"],
    [{ host: "h" }, "wss://h/"],
    [{ host: "h", port: 80 }, "wss://h:80/"],
    ["/path", "wss://localhost/path"],
  ])("asks %j by TLS", async (request, href) => {
    const { engine, client } = setUp();
    await client.wss(request, () => undefined);
    await client.wssRaw(request, () => undefined);
    expect(engine.requests.map(({ url }) => url.href)).toEqual([href, href]);
  });

  test("does so whatever a plugin says", async () => {
    const { engine, client } = setUp();
    const downgrade = {
      name: "downgrade",
      prepare: (): PluginInstance => ({ onRequest: (request) => void (request.protocol = "ws") }),
    };
    await client.install(downgrade).wss({ host: "h" }, () => undefined);
    expect(engine.request.url.href).toBe("wss://h/");
  });
});

describe("an end that comes in the very moment in which the connection is there", () => {
  /** Runs `act` after so many microtasks from the moment on in which the engine has a connection. */
  async function after(microtasks: number, act: () => void, opened: Promise<void>): Promise<void> {
    await opened;
    for (let passed = 0; passed < microtasks; passed++) await Promise.resolve();
    act();
  }

  const moments = Array.from({ length: 16 }, (_, at) => at);

  test.each(moments)("by the signal, %i microtasks on: nothing stays open", async (microtasks) => {
    const { engine, client } = setUp();
    const controller = new AbortController();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    engine.gate = gate;
    const acting = after(microtasks, () => controller.abort("now"), gate);
    const running = client.webSocket({ signal: controller.signal }, () => new Promise(() => undefined));
    open();
    expect(await rejection(running)).toBe("now");
    await acting;
    for (const transport of engine.transports) expect(transport.isDisposed).toBe(true);
    expect(engine.clock.pending).toBe(0);
    await Promise.resolve();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test("by the signal: no session is given that is over, but for the turn of the promise itself", async () => {
    const outcomes: unknown[] = [];
    for (const microtasks of moments) {
      const { engine, client } = setUp();
      const controller = new AbortController();
      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      engine.gate = gate;
      const acting = after(microtasks, () => controller.abort("now"), gate);
      const outcome = client.webSocketSession({ signal: controller.signal }).then(
        (session) => (session.signal.aborted ? "over" : "open"),
        (error: unknown) => error,
      );
      open();
      await acting;
      outcomes.push(await outcome);
      expect(engine.transports.every((transport) => transport.isDisposed)).toBe(true);
    }
    expect(outcomes.filter((outcome) => outcome === "over").length).toBeLessThanOrEqual(1);
    expect(new Set(outcomes)).toEqual(new Set(["now", "over", "open"]));
  });

  test.each(moments)("by close(), %i microtasks on: nothing stays open", async (microtasks) => {
    const { engine, client } = setUp();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    engine.gate = gate;
    let closing: Promise<void> | undefined;
    const acting = after(microtasks, () => (closing = client.close()), gate);
    const opening = client.webSocketSession({});
    const outcome = opening.then(
      async (session) => (await session.ended).reason.code,
      (error: unknown) => error,
    );
    open();
    await acting;
    await closing;
    for (const transport of engine.transports) expect(transport.isDisposed).toBe(true);
    const reason = await outcome;
    if (reason !== 1001) expect(reason).toBeInstanceOf(ClientClosedError);
    expect(engine.clock.pending).toBe(0);
  });
});

describe("a URL that comes again", () => {
  test("is read once, and the engine gets the same request; another URL, kind or scheme has its own", async () => {
    const { engine, client } = setUp();
    await client.webSocketSession("ws://h/a");
    await client.webSocketSession("ws://h/a");
    await client.webSocketSession("ws://h/b");
    await client.webSocketRawSession("ws://h/b");
    const [first, second, other, raw] = engine.requests;
    expect(second).toBe(first);
    expect([first, other, raw].map((request) => [request?.url.href, request?.mode])).toEqual([
      ["ws://h/a", "default"],
      ["ws://h/b", "default"],
      ["ws://h/b", "raw"],
    ]);
    expect(
      await failure(
        client.wss("ws://h/a", () => undefined),
        InvalidArgumentError,
      ),
    ).toBeDefined();
    await client.close();
  });

  test("is read anew where a plugin may rewrite it, and where the client has other options", async () => {
    const engine = new FakeEngine();
    let path = "/first";
    const Rewriting: HttpClientPlugin<"Rewriting", object, PluginInstance> = {
      name: "Rewriting",
      prepare: () => ({ onRequest: (request) => void (request.path = path) }),
    };
    const plain = new HttpClient(engine).install(WebSockets);
    await plain.webSocketSession("ws://h/");
    const client = plain.install(Rewriting);
    await client.webSocketSession("ws://h/");
    path = "/second";
    await client.webSocketSession("ws://h/");
    await plain.install(WebSockets, { maxFrameSize: 7 }).webSocketSession("ws://h/");
    expect(engine.requests.map(({ url, limits }) => [url.pathname, limits.maxFrameSize])).toEqual([
      ["/", 2 ** 24],
      ["/first", 2 ** 24],
      ["/second", 2 ** 24],
      ["/", 7],
    ]);
    await client.close();
  });
});
