// SPDX-License-Identifier: Apache-2.0
// Clients that never get a session, and send on without end. What servers can do to a client instead of an answer is in
// ../integration/handshake.test.ts.
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "../../src/server/index.ts";
import { type BareClient, bareClient, request } from "../support/bare-client.ts";
import { checkLeaks, turn, until } from "../support/leaks.ts";

checkLeaks();

/** Writes for as long as it can, and gives the number of bytes that have left. */
async function pourInto({ socket }: BareClient, chunk: Buffer): Promise<number> {
  while (socket.writable && !socket.destroyed) {
    socket.write(chunk);
    for (let passed = 0; passed < 100 && socket.writableNeedDrain && !socket.destroyed; passed++)
      await turn();
  }
  return socket.bytesWritten - socket.writableLength;
}

const chunk = Buffer.alloc(65_536, "a");
const upgrade = request({ path: "/nowhere" });

describe("MM-10: our server lets go of a client that sends without end", () => {
  test.each<[what: string, head: string, answer: RegExp]>([
    ["a line of its head", "GET /", /^HTTP\/1\.1 431 /],
    ["a header", "GET / HTTP/1.1\r\nHost: h\r\nX: ", /^HTTP\/1\.1 431 /],
    ["what follows a refused handshake", upgrade, /^HTTP\/1\.1 404 /],
    [
      "the body of a request that asks for no upgrade",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n",
      /^HTTP\/1\.1 426 /,
    ],
    [
      "a chunk of such a body",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3ffffff0\r\n",
      /^HTTP\/1\.1 426 /,
    ],
    [
      "a chunk line of such a body",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;",
      /^HTTP\/1\.1 (?:426|413) /,
    ],
  ])("%s", async (_, head, answer) => {
    await using server = new WebSocketServer({ handshakeTimeout: 500 });
    const { port } = await server.listen();
    await using client = await bareClient(port);
    client.write(head);
    const pouring = pourInto(client, chunk);
    await until(() => client.hasEnded || client.isGone, "the end of the connection");
    if (client.received.length > 0) expect(client.received.toString("latin1")).toMatch(answer);
    client.socket.destroy();
    expect(await pouring).toBeLessThan(32 * 2 ** 20);
  });
});
