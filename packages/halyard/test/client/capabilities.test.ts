// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { checkCapabilities } from "../../src/client/capabilities.ts";
import {
  bounded,
  type EngineCapability,
  HttpClient,
  UnsupportedCapabilityError,
  unlimited,
  type WebSocketRequestOptions,
  WebSockets,
} from "../../src/index.ts";
import { failure } from "../support/clients.ts";
import { allCapabilities, FakeEngine } from "./fake-engine.ts";

type Ask = (client: HttpClient<"WebSockets">, request: WebSocketRequestOptions) => Promise<unknown>;

const plain: Ask = (client, request) => client.webSocketSession(request);
const raw: Ask = (client, request) => client.webSocketRawSession(request);

const wishes: [
  capability: EngineCapability,
  config: WebSockets.Config,
  request: WebSocketRequestOptions,
  ask: Ask,
][] = [
  ["requestHeaders", {}, { headers: { A: "b" } }, plain],
  ["requestHeaders", {}, { url: "ws://user:pass@h/" }, plain],
  ["unixSockets", {}, { socketPath: "/run/socket" }, plain],
  ["rawFrames", {}, {}, raw],
  ["pingPong", { pingInterval: 5_000 }, {}, plain],
  ["frameLimits", { maxFrameSize: 5 }, {}, plain],
  ["frameLimits", { maxMessageSize: 5 }, {}, plain],
  ["frameLimits", { maxFragments: 5 }, {}, plain],
  ["backpressure", { channels: { incoming: bounded({ messages: 5, onOverflow: "suspend" }) } }, {}, plain],
  ["backpressure", { channels: { incoming: bounded({ bytes: 5, onOverflow: "suspend" }) } }, {}, plain],
];

describe.each(wishes)("an engine without %s (LC-13)", (capability, config, request, ask) => {
  test(`refuses ${JSON.stringify({ ...config, ...request })} and opens nothing`, async () => {
    const engine = new FakeEngine(allCapabilities.filter((each) => each !== capability));
    const client = new HttpClient(engine).install(WebSockets, config);
    const error = await failure(ask(client, request), UnsupportedCapabilityError);
    expect(error).toMatchObject({
      code: "ERR_HALYARD_UNSUPPORTED_CAPABILITY",
      engine: "Fake",
      capability,
      url: expect.stringMatching(/^ws:/) as string,
    });
    expect(error.message).toMatch(new RegExp(`the Fake engine lacks the capability ${capability}: .{20}`));
    expect(engine.requests).toHaveLength(0);
    expect(engine.clock.pending).toBe(0);
  });

  test("with that one alone it is granted", async () => {
    const engine = new FakeEngine([capability]);
    await using client = new HttpClient(engine).install(WebSockets, config);
    await ask(client, request);
    expect(engine.requests).toHaveLength(1);
  });
});

test.each<WebSockets.Config>([
  {},
  { pingInterval: 0 },
  { pingInterval: Infinity },
  { pingTimeout: 5 },
  { closeTimeout: 5, handshakeTimeout: 5 },
  { channels: { incoming: unlimited() } },
  { channels: { incoming: bounded({ messages: 5, onOverflow: "close" }), outgoing: bounded({ bytes: 5 }) } },
])("an engine that can do nothing special grants %j", async (config) => {
  await using client = new HttpClient(new FakeEngine([])).install(WebSockets, config);
  expect(await client.webSocket({}, (session) => session.masking)).toBe(true);
});

test("defaults are no wish", () => {
  const request = {
    url: new URL("ws://h/"),
    safeUrl: "ws://h/",
    headers: [],
    subprotocols: [],
    extensions: [],
    socketPath: undefined,
    proxy: undefined,
    mode: "default" as const,
    limits: { maxFrameSize: 1, maxMessageSize: 1, maxFragments: 1 },
  };
  expect(() => checkCapabilities(new FakeEngine([]), request, {})).not.toThrow();
});
