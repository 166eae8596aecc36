// SPDX-License-Identifier: Apache-2.0
// Extensions that fail while a handshake is answered: the client can still be told.
import { expect, test } from "vitest";
import type { WebSocketExtension, WebSocketExtensionFactory } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { testClient } from "../support/clients.ts";
import { checkLeaks, nextWarning } from "../support/leaks.ts";

checkLeaks();

const codec = {
  rsv: 0x40,
  encodes: () => false,
  encode: (chunk: Uint8Array) => chunk,
  decode: (chunk: Uint8Array) => chunk,
  dispose: () => undefined,
};

function extension(name: string, rest: Partial<WebSocketExtension> = {}): WebSocketExtensionFactory {
  const offer = { name, params: [] };
  const create = (): WebSocketExtension => ({
    name,
    offers: () => [offer],
    accept: () => undefined,
    answer: () => offer,
    ...rest,
  });
  return { name, reserves: {}, create };
}

const failing = () => {
  throw new Error("of the extension");
};

test.each([
  ["answers", [extension("x-one", { answer: failing })]],
  ["makes its codec", [extension("x-one", { codec: failing })]],
  [
    "is the second with a codec",
    [extension("x-one", { codec: () => codec }), extension("x-two", { codec: () => codec })],
  ],
])(
  "an extension that fails when it %s is a 500 and a warning, and the server lives on",
  async (_when, extensions) => {
    await using server = new WebSocketServer({ extensions }).webSocket("/", () => undefined);
    const { url } = await server.listen();
    await using client = testClient({ extensions: [extension("x-one"), extension("x-two")] });
    const warning = nextWarning();
    await expect(client.webSocketSession(url)).rejects.toMatchObject({ status: 500 });
    expect(await warning).toMatch(/of the extension|two of the negotiated extensions/);
    await using plain = testClient();
    expect((await (await plain.webSocketSession(url)).ended).clean).toBe(true);
  },
);

test("a client with two codecs agreed on is told, and nothing is left open", async () => {
  await using server = new WebSocketServer({
    extensions: [extension("x-one"), extension("x-two")],
  }).webSocket("/", () => undefined);
  const { url } = await server.listen();
  const both = [extension("x-one", { codec: () => codec }), extension("x-two", { codec: () => codec })];
  await using client = testClient({ extensions: both });
  await expect(client.webSocketSession(url)).rejects.toMatchObject({ code: "ERR_HALYARD_INVALID_ARGUMENT" });
});
