// SPDX-License-Identifier: Apache-2.0
// Many clients of one server, which flood it, or read nothing: what that costs it.

import { describe, expect, test } from "vitest";
import {
  bounded,
  ChannelOverflowError,
  type DefaultWebSocketSession,
  Frame,
  type SessionEnd,
} from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { type BareClient, bareClient, clientFrame } from "../support/bare-client.ts";
import { collect } from "../support/collect.ts";
import { checkLeaks, turns, until } from "../support/leaks.ts";

checkLeaks();

const MiB = 2 ** 20;

/** What is held, garbage not counted. */
async function memory(): Promise<number> {
  collect();
  // What was collected gives its memory back a little later.
  await turns();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Writes the same to each of many clients for as long as they take it, up to a number of bytes each. */
async function pour(clients: readonly BareClient[], chunk: Buffer, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    for (const { socket } of clients) if (!socket.destroyed && !socket.writableNeedDrain) socket.write(chunk);
    await turns();
  }
}

test.each([
  ["messages", 4 * MiB, Buffer.concat(Array<Buffer>(500).fill(clientFrame(2, new Uint8Array(120))))],
  ["tiny messages", MiB, Buffer.concat(Array<Buffer>(10_000).fill(clientFrame(2, "a")))],
  ["fragments", 850_000, Buffer.concat(Array<Buffer>(10_000).fill(fragment()))],
  ["pings", MiB, Buffer.concat(Array<Buffer>(500).fill(clientFrame(9, new Uint8Array(120))))],
])(
  "SV-06: thirty clients that flood a server with %s cost it what its bounds say, and no more",
  { timeout: 60_000 },
  async (what, bytes, chunk) => {
    const count = 30;
    await using server = new WebSocketServer({ closeTimeout: 100, onError: () => undefined }).webSocket(
      "/",
      ({ ended }) => ended,
    );
    const { port } = await server.listen();
    const clients = await Promise.all(Array.from({ length: count }, () => bareClient(port)));
    for (const client of clients) await client.handshake();
    if (what === "fragments") for (const client of clients) client.write(Buffer.of(2, 0x80, 0, 0, 0, 0));
    // They do not read what they are answered.
    for (const { socket } of clients) socket.pause();
    const before = await memory();
    await pour(clients, chunk, bytes);
    // 256 messages, or one in progress, and what a read of 64 KiB holds: at worst nine thousand tiny messages.
    expect((await memory()) - before).toBeLessThan(count * MiB);
    for (const client of clients) await client[Symbol.asyncDispose]();
  },
);

/** A fragment of one byte, as a client sends it. */
function fragment(): Buffer {
  return Buffer.concat([Buffer.of(0), clientFrame(0, "a").subarray(1)]);
}

describe("SV-07: a client that reads nothing of what is sent to all", () => {
  const message = new Uint8Array(64 * 1024);
  const rounds = 700;

  /** Sends to all, again and again, in the way that is given; gives which sessions have ended by the time that the others have heard all. */
  async function broadcast(
    onOverflow: "suspend" | "close",
    send: (session: DefaultWebSocketSession) => void,
  ): Promise<{ ends: SessionEnd[]; held: number }> {
    const sessions = new Set<DefaultWebSocketSession>();
    const ends: SessionEnd[] = [];
    await using server = new WebSocketServer({
      closeTimeout: 100,
      channels: { outgoing: bounded({ bytes: MiB, onOverflow }) },
    }).webSocket("/", async (session) => {
      sessions.add(session);
      ends.push(await session.ended);
      sessions.delete(session);
    });
    const { port } = await server.listen();
    const clients = await Promise.all(Array.from({ length: 4 }, () => bareClient(port)));
    const heard = clients.map(() => 0);
    for (const [at, client] of clients.entries()) {
      await client.handshake();
      client.socket.removeAllListeners("data");
      if (at === 0) client.socket.pause();
      else
        client.socket.on("data", (bytes: Buffer) => (heard[at] = (heard[at] ?? 0) + bytes.length)).resume();
    }
    await until(() => sessions.size === 4, "four sessions");
    const before = await memory();
    for (let round = 0; round < rounds; round++) {
      for (const session of sessions) send(session);
      const all = (round + 1) * message.length;
      await until(() => heard.slice(1).every((bytes) => bytes >= all), "all of it, where it is read");
    }
    const result = { ends: [...ends], held: (await memory()) - before };
    for (const client of clients) await client[Symbol.asyncDispose]();
    return result;
  }

  test("is dropped where the bound closes, and the others hear all", async () => {
    const { ends, held } = await broadcast("close", (session) => {
      session.send(message).catch(() => undefined);
    });
    expect(ends).toHaveLength(1);
    expect(ends[0]?.error).toBeInstanceOf(ChannelOverflowError);
    expect(held).toBeLessThan(20 * MiB);
  });

  test("is left out where trySend finds no room, and the others hear all", async () => {
    const { ends, held } = await broadcast("suspend", (session) => {
      session.outgoing.trySend(new Frame.Binary(message));
    });
    expect(ends).toEqual([]);
    expect(held).toBeLessThan(20 * MiB);
  });
});
