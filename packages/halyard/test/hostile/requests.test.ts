// SPDX-License-Identifier: Apache-2.0
// What clients say to our server instead of a handshake, at once and byte by byte; what they say in a session is in the tables
// of the other files.
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "../../src/server/index.ts";
import { bareClient, clientFrame } from "../support/bare-client.ts";
import { checkLeaks, turn, until } from "../support/leaks.ts";
import { type RequestCase, requests } from "./cases/requests.ts";

checkLeaks();

/** What is worth to be written byte by byte. */
const fewBytes = 2_000;
const silence = 100;

describe.each(["server", "server, byte by byte"])("%s", (side) => {
  for (const each of requests) {
    const [row, name, text, status] = each;
    if (side !== "server" && text.length > fewBytes) continue;
    test(`${row}: ${name}`, async ({ task }) => {
      const answer = await play(each, side !== "server");
      task.meta.outcome = answer.split("\r\n")[0] ?? "";
      if (status === null) expect(answer).toMatch(/^$|^HTTP\/1\.1 408 /);
      else expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    });
  }
});

/** Gives all that the server has said, once it has ended the connection. */
async function play([, , text, status]: RequestCase, byteByByte: boolean): Promise<string> {
  const errors: unknown[] = [];
  const opened: string[] = [];
  await using server = new WebSocketServer({
    handshakeTimeout: status === null ? silence : 5_000,
    onError: (error) => errors.push(error),
  }).webSocket("/", async (session) => {
    opened.push((await session.closeReason).message);
  });
  const { port } = await server.listen();
  await using client = await bareClient(port);
  const bytes = Buffer.from(text, "latin1");
  if (byteByByte) {
    for (const byte of bytes) {
      // What is written to a connection that has ended would break it, and what was said might be lost.
      if (client.received.length > 0 || client.hasEnded) break;
      client.write(Uint8Array.of(byte));
      await turn();
    }
  } else client.write(bytes);
  if (status === 101) {
    await client.hears(/\r\n\r\n/);
    client.write(clientFrame(8, Buffer.from("\x03\xe8bye", "latin1")));
  }
  const answer = await client.end();
  client.socket.end();
  await until(() => client.isGone, "the connection is gone");
  expect(opened).toEqual(status === 101 ? ["bye"] : []);
  expect(errors).toEqual([]);
  return answer;
}
