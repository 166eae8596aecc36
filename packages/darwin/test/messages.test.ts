// SPDX-License-Identifier: Apache-2.0
// Messages on Darwin: that nobody who reads slowly is flooded, and whose memory they are in.
import { bounded } from "halyard";
import { describe, expect, test } from "vitest";
import { hostileServer, serverFrame } from "../../halyard/test/support/hostile-server.ts";
import { turns, until } from "../../halyard/test/support/leaks.ts";
import { dialects, plain } from "./foundation/dialect.ts";
import { darwinClient } from "./support.ts";

/** In which a platform reads otherwise, and those of which a little is in each. */
const reading = dialects.filter(([name]) => /^(plain|readsOnDemand|endOvertakes|.*mixture)$/.test(name));

describe.each(reading)("a program that does not read, %s,", (_, dialect) => {
  test("stops the peer, and then gets all", async () => {
    const count = 5_000;
    const frame = serverFrame(2, Buffer.alloc(4_096));
    let sent = 0;
    await using server = await hostileServer(async (peer) => {
      await peer.accept();
      for (; sent < count && !peer.socket.destroyed; sent++) {
        peer.write(frame);
        if (peer.socket.writableNeedDrain) await new Promise((resolve) => peer.socket.once("drain", resolve));
      }
    });
    await using darwin = darwinClient({
      dialect,
      config: { channels: { incoming: bounded({ messages: 4 }) } },
    });
    const session = await darwin.client.webSocketSession(server.url);
    let before = -1;
    // As long as it takes the kernel's buffers to fill: a platform that goes on takes a message each turn.
    while (sent > before) {
      before = sent;
      for (let turned = 0; turned < count; turned += 10) await turns();
    }
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(count * 0.9);
    for (let index = 0; index < count; index++) expect((await session.incoming.receive()).size).toBe(4_096);
    expect(sent).toBe(count);
    session.cancel();
  });
});

test("flush waits until the platform has written what was sent", async () => {
  let read = (): void => undefined;
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    peer.socket.pause();
    read = () => peer.socket.resume();
  });
  await using darwin = darwinClient();
  const session = await darwin.client.webSocketSession(server.url);
  const size = 16 * 2 ** 20;
  await session.send(new Uint8Array(size));
  let isFlushed = false;
  const flushing = session.flush().then(() => {
    isFlushed = true;
  });
  for (let round = 0; round < 10; round++) await turns();
  expect(isFlushed).toBe(false);
  read();
  await flushing;
  await until(() => (server.peers[0]?.size ?? 0) > size, "all of it");
  session.cancel();
});

test("bytes that are a part of larger memory are sent alone", async () => {
  let heard: Buffer | undefined;
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    heard = (await peer.frame()).payload;
  });
  await using darwin = darwinClient();
  const session = await darwin.client.webSocketSession(server.url);
  const memory = Uint8Array.of(9, 9, 1, 2, 3, 9);
  await session.send(memory.subarray(2, 5));
  memory.fill(0);
  await until(() => heard !== undefined, "the message");
  expect(heard).toEqual(Buffer.from([1, 2, 3]));
  session.cancel();
});

test("a received message is memory of the program's own", async () => {
  await using server = await hostileServer((peer) =>
    peer.accept(Buffer.concat([serverFrame(2, Uint8Array.of(1, 2)), serverFrame(2, Uint8Array.of(3, 4))])),
  );
  await using darwin = darwinClient({ dialect: { ...plain, endOvertakes: true } });
  const session = await darwin.client.webSocketSession(server.url);
  const first = await session.incoming.receive();
  first.data.fill(0);
  expect(Array.from((await session.incoming.receive()).data)).toEqual([3, 4]);
  session.cancel();
});
