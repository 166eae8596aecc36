// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { ClientClosedError, HttpClient, WebSockets } from "../../src/index.ts";
import { failure } from "../support/clients.ts";
import { FakeEngine } from "./fake-engine.ts";

test("close ends attempts at once, sessions with 1001, and then the engine that was made for it", async () => {
  const engine = new FakeEngine();
  const client = new HttpClient({ name: "Fake", create: () => engine }).install(WebSockets);
  const session = await client.webSocketSession({});
  engine.gate = new Promise(() => undefined);
  const opening = failure(client.webSocketSession({}), ClientClosedError);
  await client.close();
  await opening;
  expect(await session.ended).toMatchObject({ clean: true, sent: { code: 1001 }, initiator: "local" });
  expect(engine.attempt?.signal.reason).toBeInstanceOf(ClientClosedError);
  expect(engine.closeCalls).toBe(1);
  expect(engine.clock.pending).toBe(0);
});

test("an engine that came from outside is left open", async () => {
  const engine = new FakeEngine();
  await new HttpClient(engine).install(WebSockets).close();
  expect(engine.closeCalls).toBe(0);
});

test("closed once is closed for all that came of the client, and before it", async () => {
  const engine = new FakeEngine();
  const first = new HttpClient(engine).install(WebSockets);
  const second = first.install(WebSockets, { closeTimeout: 1 });
  const closing = second.close();
  expect(first.close()).toBe(closing);
  await closing;
  for (const client of [first, second, second.install(WebSockets)]) {
    const error = await failure(client.webSocketSession({}), ClientClosedError);
    expect(error.message).toMatch(/make a new one/);
  }
  expect(engine.requests).toHaveLength(0);
  expect(engine.clock.pending).toBe(0);
});

test("sessions that have ended are forgotten", async () => {
  const engine = new FakeEngine();
  await using client = new HttpClient(engine).install(WebSockets);
  for (let count = 0; count < 10; count++) await client.webSocket({}, () => undefined);
  const sent = engine.transports.map((transport) => transport.sent.length);
  await client.close();
  expect(engine.transports.map((transport) => transport.sent.length)).toEqual(sent);
});
