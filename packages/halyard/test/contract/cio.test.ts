// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, test } from "vitest";
import { Cio } from "../../src/engines/cio/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { contractRoutes, contractSubprotocols, engineContract } from "../../src/testing/index.ts";

const server = new WebSocketServer({ subprotocols: contractSubprotocols });
contractRoutes(server);
const { url } = await server.listen();
afterAll(() => server.close());

describe("the engine contract on Cio (LC-13)", () => {
  const cases = engineContract(() => Cio.create(), url);

  test("runs every case, since Cio has every capability", () => {
    expect(cases.length).toBe(42);
  });

  for (const { name, run } of cases) test(name, run);
});
