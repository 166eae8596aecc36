// SPDX-License-Identifier: Apache-2.0
// A slow side stops the other one, in either direction, and waiting for it can be given up (MM-05, MM-07).
import { expect, test } from "vitest";
import { bounded } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/index.ts";
import { rejection, testClient } from "../support/clients.ts";
import { hostileServer, serverFrame } from "../support/hostile-server.ts";
import { checkLeaks, turn, until, watchedController } from "../support/leaks.ts";

checkLeaks();

const MiB = 1 << 20;
/** What the kernel may hold of a loopback connection, on both sides, with some to spare. */
const kernelBytes = 24 * MiB;

/** Turns until a number has not changed for a while. */
async function settled(number: () => number): Promise<number> {
  let last = number();
  for (let unchanged = 0; unchanged < 200; unchanged++) {
    await turn();
    if (number() === last) continue;
    last = number();
    unchanged = 0;
  }
  return last;
}

function* numbered(total: number, size: number): Iterable<Buffer> {
  const payload = Buffer.alloc(size);
  for (let number = 0; number < total; number++) {
    payload.writeUInt32BE(number);
    yield serverFrame(2, payload);
  }
}

function* forEver(chunk: Buffer): Iterable<Buffer> {
  for (;;) yield chunk;
}

test("a reader that stops stops the server, and finds every message when it goes on (MM-05)", async () => {
  const [size, total] = [60_000, 1_500];
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    await peer.pour(numbered(total, size));
  });
  await using client = testClient({ channels: { incoming: bounded({ messages: 4 }) } });
  await using session = await client.webSocketSession({ url: server.url });
  await until(() => server.peers[0] !== undefined && server.peer.socket.bytesWritten > 0, "some bytes");
  const written = await settled(() => server.peer.socket.bytesWritten - server.peer.socket.writableLength);
  expect(written).toBeGreaterThan(4 * size);
  expect(written).toBeLessThan(kernelBytes);
  for (let expected = 0; expected < total; expected++) {
    const { data } = await session.incoming.receive();
    if (data.length !== size) expect(data).toHaveLength(size);
    const number = new DataView(data.buffer, data.byteOffset).getUint32(0);
    if (number !== expected) expect(number).toBe(expected);
  }
  session.cancel();
});

test("tiny messages are held back by their number, too (MM-05)", async () => {
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    await peer.pour(forEver(Buffer.concat(Array.from({ length: 50_000 }, () => serverFrame(1, "x")))));
  });
  await using client = testClient();
  const session = await client.webSocketSession({ url: server.url });
  await until(() => server.peers[0] !== undefined && server.peer.socket.bytesWritten > 0, "some bytes");
  const written = await settled(() => server.peer.socket.bytesWritten - server.peer.socket.writableLength);
  expect(written).toBeLessThan(kernelBytes);
  session.cancel();
});

test("a peer that reads nothing makes send wait; giving up a wait drops that message alone (MM-07)", async () => {
  const received: number[] = [];
  await using server = await hostileServer(async (peer) => {
    await peer.accept();
    peer.socket.pause();
    await until(() => mayRead, "the permission to read");
    peer.socket.resume();
    while (received.at(-1) !== 99) {
      const [, code = 0] = await peer.bytes(2);
      const header = (code & 0x7f) === 127 ? await peer.bytes(8) : Buffer.alloc(8);
      const key = await peer.bytes(4);
      const size = (code & 0x7f) === 127 ? Number(header.readBigUInt64BE()) : code & 0x7f;
      const masked = await peer.bytes(size);
      received.push((masked[0] ?? 0) ^ (key[0] ?? 0));
    }
  });
  let mayRead = false;
  await using client = testClient({ channels: { outgoing: bounded({ bytes: MiB }) } });
  const session = await client.webSocketSession(server.url);
  const { signal, abort } = pairOf(watchedController());

  const accepted: number[] = [];
  let waiting: Promise<void> | undefined;
  for (let count = 0; waiting === undefined; count++) {
    expect(count * MiB).toBeLessThan(kernelBytes);
    const sending = session.send(new Uint8Array(MiB).fill(count), { signal });
    let isAccepted = false;
    void sending.then(
      () => (isAccepted = true),
      () => undefined,
    );
    for (let passed = 0; passed < 50 && !isAccepted; passed++) await turn();
    if (isAccepted) accepted.push(count);
    else waiting = sending;
  }
  const later = session.send(new Uint8Array(10).fill(99));
  const given = rejection(waiting);
  abort("no patience");
  expect(await given).toBe("no patience");
  mayRead = true;
  await later;
  await session.flush();
  await until(() => received.at(-1) === 99, "the last message");
  expect(received).toEqual([...accepted, 99]);
  session.cancel();
});

test("two sides that only send, each more than all buffers hold, do not block each other (MM-05, MM-07)", async () => {
  const total = 40;
  await using server = new WebSocketServer({ closeTimeout: 2_000 }).webSocket("/", async (session) => {
    const sending = (async () => {
      for (let count = 0; count < total; count++) await session.send(new Uint8Array(MiB));
    })();
    for (let count = 0; count < total; count++) await session.incoming.receive();
    await sending;
  });
  const { url } = await server.listen();
  await using client = testClient();
  const received = await client.webSocket(url, async (session) => {
    const sending = (async () => {
      for (let count = 0; count < total; count++) await session.send(new Uint8Array(MiB));
    })();
    let count = 0;
    while (count < total) {
      await session.incoming.receive();
      count++;
    }
    await sending;
    return count;
  });
  expect(received).toBe(total);
});

function pairOf(controller: AbortController): { signal: AbortSignal; abort: (reason: unknown) => void } {
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
}
