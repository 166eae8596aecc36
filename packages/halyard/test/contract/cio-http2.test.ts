// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, test } from "vitest";
import { Cio } from "../../src/engines/cio/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { contractRoutes, contractSubprotocols, engineContract } from "../../src/testing/index.ts";
import { certificates } from "../support/certificates.ts";

const { ca, good } = certificates();

describe.each([
  { name: "with TLS", tls: good, mode: "prefer" },
  { name: "without TLS", tls: undefined, mode: "require" },
] as const)("the engine contract on Cio over HTTP/2, $name (LC-13)", async ({ tls, mode }) => {
  const server = new WebSocketServer({ subprotocols: contractSubprotocols, http2: true, tls });
  contractRoutes(server);
  const { url } = await server.listen();
  afterAll(() => server.close());

  const cases = engineContract(() => Cio.create({ http2: mode, tls: { ca } }), url);

  test("runs every case", () => {
    expect(cases.length).toBe(42);
  });

  for (const { name, run } of cases) test(name, run);
});
