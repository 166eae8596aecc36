// SPDX-License-Identifier: Apache-2.0
// Frames that arrive with the 101: none is lost and none comes twice, however the bytes are cut (HS-15).
import { expect, test } from "vitest";
import { testClient } from "../support/clients.ts";
import { agreement, closeFrame, hostileServer, type Peer, serverFrame } from "../support/hostile-server.ts";
import { checkLeaks, turn } from "../support/leaks.ts";

checkLeaks();

const connections = 10_000;
const atOnce = 50;
const messages = ["first", "", "x".repeat(300), "last"];
const frames = Buffer.concat([
  ...messages.slice(0, 2).map((text) => serverFrame(1, text)),
  serverFrame(9, "ping"),
  ...messages.slice(2).map((text) => serverFrame(1, text)),
  closeFrame(1000),
]);

/** The places to cut at come round and round, so that each is met by many connections. */
function placesOf(number: number, size: number): number[] {
  const kind = number % 4;
  if (kind === 0) return [];
  const first = (number * 7) % (size + 1);
  return kind === 1 ? [first] : [first, (first + number) % (size + 1)].sort((a, b) => a - b);
}

test("10,000 connections (HS-15)", { timeout: 60_000 }, async () => {
  let accepted = 0;
  /** Answers with everything at once, in pieces: a turn apart or in one turn. */
  const answer = async (peer: Peer) => {
    const number = accepted++;
    const all = Buffer.concat([Buffer.from(agreement(await peer.request())), frames]);
    let from = 0;
    for (const place of placesOf(number, all.length)) {
      peer.write(all.subarray(from, place));
      from = place;
      if (number % 3 === 0) await turn();
    }
    // What happened is not kept for 10,000 connections.
    server.peers.length = 0;
    // The FIN may come with the Close frame, or in answer to the client's.
    if (number % 2 === 0) return peer.end(all.toString("latin1", from));
    peer.write(all.subarray(from));
    while ((await peer.frame()).first !== 0x88) continue;
    peer.end();
  };
  await using server = await hostileServer(answer);
  await using client = testClient({ pingInterval: 0, closeTimeout: 20_000, handshakeTimeout: 20_000 });

  let isOdd = false;
  async function connect(): Promise<void> {
    const session = await client.webSocketSession(server.url);
    // Some begin to read at once, some a little later.
    isOdd = !isOdd;
    if (isOdd) await turn();
    const seen: string[] = [];
    for await (const frame of session.incoming) seen.push(Buffer.from(frame.data).toString());
    if (seen.join() !== messages.join()) expect(seen).toEqual(messages);
    const end = await session.closeReason;
    if (end?.code !== 1000) expect(end).toMatchObject({ code: 1000 });
  }

  async function several(): Promise<void> {
    for (let count = 0; count < connections / atOnce; count++) await connect();
  }
  await Promise.all(Array.from({ length: atOnce }, several));
  expect(accepted).toBe(connections);
});
