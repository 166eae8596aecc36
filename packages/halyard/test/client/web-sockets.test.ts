// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bounded, HttpClient, WebSockets } from "../../src/index.ts";
import { FakeEngine } from "./fake-engine.ts";

test("without options it has every default, and nothing counts as given", () => {
  const { config, given } = new HttpClient(new FakeEngine()).install(WebSockets).plugin(WebSockets);
  expect(given).toEqual({});
  expect(config).toEqual({
    extensions: [],
    pingInterval: 20_000,
    pingTimeout: 20_000,
    closeTimeout: 5_000,
    handshakeTimeout: 10_000,
    limits: {
      maxFrameSize: 16 * 2 ** 20,
      maxMessageSize: 16 * 2 ** 20,
      maxFragments: 131_072,
      maxPendingPongs: 16,
    },
    incoming: bounded({ messages: 256, bytes: 2 ** 20 }),
    outgoing: bounded({ bytes: 2 ** 20 }),
  });
});

test("its configuration is a copy: what changes later, changes nothing", () => {
  const options = { closeTimeout: 1 };
  const instance = new HttpClient(new FakeEngine()).install(WebSockets, options).plugin(WebSockets);
  options.closeTimeout = 2;
  expect(instance.config.closeTimeout).toBe(1);
  expect(instance.given).toEqual({ closeTimeout: 1 });
});

test("sessions get it", async () => {
  await using client = new HttpClient(new FakeEngine()).install(WebSockets, {
    pingInterval: 7,
    pingTimeout: Infinity,
  });
  const session = await client.webSocketSession({});
  expect([session.pingInterval, session.pingTimeout]).toEqual([7, 0]);
});
