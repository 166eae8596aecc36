// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { HttpClient, InvalidArgumentError, UserAgent, WebSockets } from "../../../src/index.ts";
import { FakeEngine } from "../fake-engine.ts";

test("says who asks, unless the request does", async () => {
  const engine = new FakeEngine();
  await using client = new HttpClient(engine).install(WebSockets).install(UserAgent, { agent: "fleet/1.0" });
  await client.webSocketSession("ws://127.0.0.1/");
  expect(engine.request.headers).toEqual([["User-Agent", "fleet/1.0"]]);
  await client.webSocketSession({ url: "ws://127.0.0.1/", headers: { "user-agent": "own" } });
  expect(engine.request.headers).toEqual([["user-agent", "own"]]);
  expect(() => client.install(UserAgent, { agent: 1 as never })).toThrow(InvalidArgumentError);
});
