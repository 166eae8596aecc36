// SPDX-License-Identifier: Apache-2.0
// What the Js engine takes a platform for, and how it makes a WebSocket there. On the real ones the contract is run.
import { afterEach, describe, expect, test, vi } from "vitest";
import { Js, type JsOptions } from "../../src/engines/js/index.ts";
import { bounded, HandshakeError, HttpClient, InvalidArgumentError, WebSockets } from "../../src/index.ts";
import { failure } from "../support/clients.ts";
import { turns } from "../support/leaks.ts";
import { FakeWebSocket } from "./fake-web-socket.ts";

const url = "ws://127.0.0.1:1/";
const platformGlobals = [
  "WebSocket",
  "WebSocketStream",
  "WebSocketPair",
  "Bun",
  "Deno",
  "process",
  "navigator",
];

/** Makes this process look like a platform that has these globals, and no others that tell one. */
function platform(globals: Readonly<Record<string, unknown>>): void {
  for (const name of platformGlobals) if (name !== "process") vi.stubGlobal(name, globals[name]);
  vi.stubGlobal("process", { ...process, versions: globals["process"] ?? {} });
  if ("fetch" in globals) vi.stubGlobal("fetch", globals["fetch"]);
}
afterEach(() => vi.unstubAllGlobals());

/** Opens a session with headers, if the platform takes them, and gives the WebSocket that was made. */
async function made(options: JsOptions = {}): Promise<FakeWebSocket> {
  const sockets: FakeWebSocket[] = [];
  class Recorded extends FakeWebSocket {
    constructor(given: string, ...args: readonly unknown[]) {
      super(given, ...args);
      sockets.push(this);
    }
  }
  vi.stubGlobal("WebSocket", Recorded);
  const client = new HttpClient(Js, options).install(WebSockets);
  const headers = client.engine.capabilities.has("requestHeaders") ? { "x-team": "red" } : {};
  const opening = client.webSocketSession({ url, subprotocols: ["a"], headers });
  await turns();
  const [socket] = sockets as [FakeWebSocket];
  socket.protocol = "a";
  socket.emit("open");
  await opening;
  return socket;
}

const has = (capability: string, options: JsOptions = {}) =>
  (Js.create(options).capabilities as ReadonlySet<string>).has(capability);

describe("the platform's WebSocket is given", () => {
  test("URL and subprotocols in a browser, and never an object", async () => {
    platform({ navigator: { product: "Gecko" } });
    expect(has("requestHeaders")).toBe(false);
    expect((await made()).args).toEqual([["a"]]);
  });

  test.each([
    ["Node", { process: { node: "22.0.0" } }],
    ["Bun", { Bun: {}, process: { node: "24.0.0" } }],
    ["Deno", { Deno: {}, process: { node: "24.0.0" } }],
  ])("an object of options on %s", async (_, globals) => {
    platform(globals);
    expect((await made()).args).toEqual([{ protocols: ["a"], headers: { "x-team": "red" } }]);
  });

  test("a third argument in React Native", async () => {
    platform({ navigator: { product: "ReactNative" } });
    expect((await made()).args).toEqual([["a"], { headers: { "x-team": "red" } }]);
  });

  test("nothing, where there is none, and the error says what to do", async () => {
    platform({ process: { node: "20.0.0" } });
    const client = new HttpClient(Js).install(WebSockets);
    const error = await failure(client.webSocketSession(url), InvalidArgumentError);
    expect(error.message).toMatch(/no WebSocket.*`webSocket`.*Cio/);
  });
});

describe("what a platform can do", () => {
  test("is that of Bun: any close code, an end at once, and to stop the peer", async () => {
    platform({ Bun: {} });
    expect([has("backpressure"), has("closeCodes")]).toEqual([true, true]);
    const calls: string[] = [];
    const sockets: FakeWebSocket[] = [];
    class BunsWebSocket extends FakeWebSocket {
      pause = () => void calls.push("pause");
      resume = () => void calls.push("resume");
      terminate = () => void calls.push("terminate");

      constructor(given: string) {
        super(given);
        sockets.push(this);
      }
    }
    vi.stubGlobal("WebSocket", BunsWebSocket);
    const incoming = bounded({ messages: 2 });
    const client = new HttpClient(Js).install(WebSockets, { channels: { incoming } });
    const opening = client.webSocketSession(url);
    await turns();
    const [socket] = sockets as [BunsWebSocket];
    socket.emit("open");
    const session = await opening;
    await turns();
    for (let count = 0; count < 600; count++) socket.message(String(count));
    await turns();
    expect(calls[0]).toBe("pause");
    for (let count = 0; count < 600; count++) {
      const frame = await session.incoming.receive();
      expect(frame.type === "text" && frame.readText()).toBe(String(count));
    }
    await turns();
    expect(calls.at(-1)).toBe("resume");
    session.cancel();
    expect(calls.at(-1)).toBe("terminate");
  });

  test("does not hold for a class that is given", () => {
    platform({ Bun: {} });
    const webSocket = FakeWebSocket as never;
    expect([...Js.create({ webSocket }).capabilities]).toEqual([]);
  });

  test("changes nothing when a WebSocketStream is asked for, and there is none", async () => {
    platform({ navigator: { product: "Gecko" } });
    expect(has("backpressure", { webSocketStream: true })).toBe(false);
    expect((await made({ webSocketStream: true })).args).toEqual([["a"]]);
  });
});

describe("in Workers", () => {
  class WorkersWebSocket extends FakeWebSocket {
    accepted = 0;
    accept(): void {
      this.accepted++;
    }
  }

  function workers(answer: object | Error) {
    const calls: [string, Record<string, unknown>][] = [];
    const fetch = (target: string, { headers }: { headers: Record<string, unknown> }) => {
      calls.push([target, headers]);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    platform({ WebSocketPair: class {}, fetch });
    return calls;
  }

  test("a connection is an upgrade by fetch, with headers, and the answer is there to see", async () => {
    const webSocket = new WorkersWebSocket("");
    const headers = new Headers({ "sec-websocket-protocol": "b", "x-server": "1" });
    const calls = workers({ status: 101, headers, webSocket });
    const client = new HttpClient(Js).install(WebSockets);
    const session = await client.webSocketSession({
      url: "wss://example.org/a?b",
      subprotocols: ["a", "b"],
      headers: { "x-team": "red" },
    });
    expect(calls).toEqual([
      [
        "https://example.org/a?b",
        { "x-team": "red", Upgrade: "websocket", "Sec-WebSocket-Protocol": "a, b" },
      ],
    ]);
    expect(webSocket.accepted).toBe(1);
    expect(session.subprotocol).toBe("b");
    expect(session.call.response.headers.get("x-server")).toBe("1");
    webSocket.message("hello");
    expect((await session.incoming.receive()).type).toBe("text");
    webSocket.closed(1000);
    webSocket.emit("error", { message: "behind the close" });
    expect((await session.ended).clean).toBe(true);
  });

  test("a refusal has status, headers and the beginning of its body", async () => {
    workers({
      status: 401,
      headers: new Headers({ "x-why": "ticket" }),
      body: new Response("x".repeat(9_000)).body,
    });
    const client = new HttpClient(Js).install(WebSockets);
    const error = await failure(client.webSocketSession(url), HandshakeError);
    expect([error.status, error.headers?.get("x-why"), error.body?.length, error.phase]).toEqual([
      401,
      "ticket",
      4096,
      "upgrade",
    ]);
  });

  test("a fetch that fails tells why", async () => {
    workers(new TypeError("the network is lost"));
    const error = await failure(new HttpClient(Js).install(WebSockets).webSocketSession(url), HandshakeError);
    expect(error.message).toMatch(/could not be opened: the network is lost$/);
  });
});
