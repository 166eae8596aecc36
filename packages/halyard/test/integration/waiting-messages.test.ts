// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bounded } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { testClient } from "../support/clients.ts";
import { checkLeaks } from "../support/leaks.ts";

checkLeaks();

test("large messages that wait for room arrive as they were at the call, however often the caller's memory is used", async () => {
  await using server = new WebSocketServer().webSocket("/", async (session) => {
    for await (const frame of session.incoming) {
      const [first] = frame.data;
      const isWhole = frame.data.every((byte) => byte === first);
      await session.send(`${frame.data.length} ${isWhole ? first : "mixed"}`);
    }
  });
  const { url } = await server.listen();
  await using client = testClient({ channels: { outgoing: bounded({ messages: 1 }) } });
  const memory = new Uint8Array(300_000);
  await client.webSocket(url, async (session) => {
    for (let round = 0; round < 5; round++) {
      const sends = [1, 2, 3, 4].map((byte) => {
        memory.fill(byte);
        return session.send(memory.subarray(0, 250_000 + round));
      });
      memory.fill(0);
      await Promise.all(sends);
      const heard: string[] = [];
      while (heard.length < 4) {
        const frame = await session.incoming.receive();
        heard.push(frame.type === "text" ? frame.readText() : frame.type);
      }
      expect(heard).toEqual([1, 2, 3, 4].map((byte) => `${250_000 + round} ${byte}`));
    }
  });
});
