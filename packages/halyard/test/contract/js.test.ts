// SPDX-License-Identifier: Apache-2.0
// The engine contract on Js, with the class of `ws`. With the platforms' own it is part of the suites of runtimes and browsers.
import { afterAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Js, type WebSocketConstructor } from "../../src/engines/js/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { contractRoutes, contractSubprotocols, engineContract } from "../../src/testing/index.ts";

const server = new WebSocketServer({ subprotocols: contractSubprotocols });
contractRoutes(server);
const url = await server.listen().then((address) => address.url);
afterAll(() => server.close());
const ws = WebSocket as unknown as WebSocketConstructor;

describe("Js with the WebSocket of ws (LC-13)", () => {
  const cases = engineContract(() => Js.create({ webSocket: ws }), url);
  test("passes as many cases as apply", () => {
    expect(cases.length).toBeGreaterThan(20);
  });
  test.each(cases.map(({ name, run }) => [name, run] as const))("%s", async (_, run) => {
    await run();
  });
});
