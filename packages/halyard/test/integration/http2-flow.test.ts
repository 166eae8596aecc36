// SPDX-License-Identifier: Apache-2.0
// Flow control of HTTP/2 and the bounds of a session are one: who does not take stops its own stream, and no other.
import type { ServerHttp2Stream } from "node:http2";
import { expect, test } from "vitest";
import { WebSocketServer } from "../../src/server/index.ts";
import { http2Bounds } from "../../src/sockets/http2-bounds.ts";
import { testClient } from "../support/clients.ts";
import { serverFrame } from "../support/hostile-server.ts";
import { accept, http2Server } from "../support/http2-server.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";

checkLeaks();

const chunk = serverFrame(2, new Uint8Array(16 * 1024));

/** Writes for as long as the client takes, and counts it. */
function pour(stream: ServerHttp2Stream): { bytes: number } {
  const written = { bytes: 0 };
  stream.respond({ ":status": 200 });
  // A stream that was reset takes all there is on Bun, and is not destroyed by that.
  const isOpen = () => !(stream.destroyed || stream.rstCode);
  const more = () => {
    while (isOpen() && stream.write(chunk, () => (written.bytes += chunk.length)));
  };
  stream.on("drain", more);
  more();
  return written;
}

/** Waits until a number does not grow any more. */
async function atRest(count: () => number): Promise<void> {
  let before = -1;
  await until(() => count() > 0, "a beginning");
  while (before !== count()) {
    before = count();
    for (let round = 0; round < 5; round++) await turns();
  }
}

test("MM-05: a consumer that stops stops the server, within the window; other sessions go on, and so does it", async () => {
  let written = { bytes: 0 };
  await using server = await http2Server((stream, headers) => {
    if (headers[":path"] === "/pour") written = pour(stream);
    else accept(stream);
  });
  await using client = testClient({ closeTimeout: 100 }, { http2: "require" });
  const other = await client.webSocketSession(server.url);
  const hot = await client.webSocketSession(`${server.url}pour`);
  await atRest(() => written.bytes);
  // `incoming` holds 1 MiB, the transport reads a batch ahead, and the window is what lies in the platform.
  expect(written.bytes).toBeLessThan(http2Bounds.initialWindowSize + 4 * 2 ** 20);
  expect((await other.close()).clean).toBe(true);
  const before = written.bytes;
  for (let count = 0; count < 1_000; count++) await hot.incoming.receive();
  expect(written.bytes).toBeGreaterThan(before);
  hot.cancel();
});

test("MM-09: a session that receives without end does not keep others on the connection waiting", async () => {
  await using server = await http2Server((stream, headers) => {
    if (headers[":path"] === "/pour") {
      pour(stream);
      return;
    }
    stream.respond({ ":status": 200 });
    // Each of its frames is answered by one of ours.
    stream.on("data", () => stream.write(serverFrame(1, "answer")));
  });
  await using client = testClient({ closeTimeout: 100 }, { http2: "require" });
  const hot = await client.webSocketSession(`${server.url}pour`);
  let received = 0;
  const draining = (async () => {
    for await (const frame of hot.incoming) received += frame.size;
  })().catch((error: unknown) => error);
  const quiet = await client.webSocketSession(server.url);
  for (let count = 0; count < 50; count++) {
    const before = received;
    await quiet.send("question");
    await quiet.incoming.receive();
    // What came meanwhile is bounded.
    expect(received - before).toBeLessThan(64 * 2 ** 20);
  }
  expect(received).toBeGreaterThan(0);
  hot.cancel();
  quiet.cancel();
  await draining;
});

test("MM-07: many sessions that send to each other all they can do not stop each other, and leave room for another", async () => {
  await using server = new WebSocketServer({ http2: true }).webSocket("/", async (session) => {
    for await (const frame of session.incoming) await session.send(frame);
  });
  const { url } = await server.listen();
  await using client = testClient({}, { http2: "require" });
  const message = new Uint8Array(2 ** 20);
  const talk = () =>
    client.webSocket(url, async (session) => {
      const sending = (async () => {
        for (let count = 0; count < 3; count++) await session.send(message);
      })();
      for (let count = 0; count < 3; count++) expect((await session.incoming.receive()).size).toBe(2 ** 20);
      await sending;
    });
  const talking = Array.from({ length: 40 }, talk);
  await turns();
  await Promise.all([...talking, talk()]);
});
