// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { type AddressInfo, connect as connectTo, createServer, type OnReadOpts, type Socket } from "node:net";
import { expect, test } from "vitest";
import { noBytes } from "../../src/protocol/bytes.ts";
import { Frame } from "../../src/protocol/frame.ts";
import type { BatchReceiver } from "../../src/session/transport.ts";
import type { ByteStream } from "../../src/sockets/byte-stream.ts";
import { SocketStream } from "../../src/sockets/socket-stream.ts";
import { SocketTransport } from "../../src/sockets/socket-transport.ts";
import { connect, split, toHex, toRole } from "../protocol/support.ts";
import { checkLeaks, turn } from "../support/leaks.ts";

checkLeaks();

/** Gives every byte in a read of its own, all in one turn: on Deno reads come like that, before any promise has gone on. */
function byteByByte(onread: OnReadOpts): OnReadOpts {
  return {
    buffer: onread.buffer,
    callback(size, bytes) {
      let goesOn = true;
      for (let at = 0; at < size; at++) goesOn = onread.callback(1, bytes.subarray(at, at + 1));
      return goesOn;
    },
  };
}

/** Answers every text with itself, a turn of promises later, as a session does. */
function echo(transport: SocketTransport): Promise<Error | null> {
  return new Promise((resolve) => {
    const receiver: BatchReceiver = {
      received: (batch) => void Promise.resolve().then(() => answer(batch)),
      receivingFailed: (error) => resolve(error as Error),
    };
    const answer = (batch: readonly Frame[] | null) => {
      if (batch === null) return resolve(null);
      for (const frame of batch) if (frame.type === "text") transport.send(frame);
      transport.receive(receiver);
    };
    transport.receive(receiver);
  });
}

const options = { masking: true, early: noBytes };

/** A stream of which nothing comes. */
function streamThat(write: ByteStream["write"]): ByteStream {
  return {
    endsOnBothSides: false,
    onClose: null,
    attach: () => undefined,
    detach: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    write,
    end: () => undefined,
    destroy: () => undefined,
  };
}

const text = "81 01 61";

test.each([
  { what: "a fault", end: ["8f 01 61", "89 00"], heard: "88", hasFin: false },
  { what: "a fault, and the end of the connection", end: ["8f 01 61", "89 00"], heard: "88", hasFin: true },
  { what: "a Close frame", end: ["88 02 03 e8"], heard: "88 02 03 e8", hasFin: false },
  {
    what: "a Close frame, and the end of the connection",
    end: ["88 02 03 e8"],
    heard: "88 02 03 e8",
    hasFin: true,
  },
])(
  "a message is answered before $what, however many reads come in one turn",
  async ({ end, heard, hasFin }) => {
    const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const stream = SocketStream.connect(false, (onread) =>
      connectTo({ port, host: "127.0.0.1", allowHalfOpen: true, onread: byteByByte(onread) }),
    );
    const [peer] = (await once(server, "connection")) as [Socket];
    const received: Buffer[] = [];
    peer.on("data", (chunk: Buffer) => received.push(chunk));
    peer.on("error", () => undefined);
    const transport = new SocketTransport(stream, connect("client"), options);
    const over = echo(transport);
    peer.write(toRole("client", text, ...end));
    if (hasFin) peer.end();

    const heardClose = () => split(Buffer.concat(received)).map((each) => toHex(each.frame));
    await expect.poll(() => heardClose().at(-1), { interval: 1 }).toMatch(new RegExp(`^${heard}`));
    expect(heardClose()[0]).toBe(text);
    if (!hasFin) peer.end();
    await over;
    transport.dispose();
    peer.destroy();
    server.close();
    await once(server, "close");
  },
);

test("a Close frame that came and was not answered before the transport was given up never is", async () => {
  const transport = new SocketTransport(
    streamThat(() => undefined),
    connect("client"),
    options,
  );
  transport.received(toRole("client", text, "88 02 03 e8"), false);
  const batches: (readonly Frame[] | null)[] = [];
  const receiver: BatchReceiver = {
    received: (batch) => batches.push(batch),
    receivingFailed: (error) => expect.unreachable(String(error)),
  };
  transport.receive(receiver);
  transport.receive(receiver);
  transport.dispose();
  await turn();
  expect(batches).toMatchObject([[{ type: "text" }], null]);
  expect(transport.closing).toMatchObject({ received: expect.anything(), sent: null, isComplete: false });
});

test("much is written at once, little at the end of the turn", async () => {
  const writes: number[] = [];
  const stream = streamThat((chunks, written) => {
    writes.push(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    written();
  });
  const transport = new SocketTransport(stream, connect("client"), options);
  const small = new Frame.Binary(new Uint8Array(1000));
  for (let sent = 0; sent < 40; sent++) transport.send(small);
  expect(writes).toEqual([33 * 1008]);
  expect(transport.output).toMatchObject({ framesWritten: 33, pendingFrames: 7, pendingBytes: 7 * 1008 });
  transport.send(new Frame.Binary(new Uint8Array(2 ** 20)));
  expect(transport.output).toMatchObject({ framesWritten: 41, pendingFrames: 0, pendingBytes: 0 });
  transport.send(small);
  expect(transport.output.pendingFrames).toBe(1);
  await turn();
  expect(transport.output).toMatchObject({ framesWritten: 42, pendingFrames: 0 });
  transport.dispose();
});

test("what is sent while a write is under way gathers until its end, however much it is", async () => {
  const writes: (() => void)[] = [];
  const stream = streamThat((_chunks, written) => writes.push(written));
  const transport = new SocketTransport(stream, connect("client"), options);
  const large = new Frame.Binary(new Uint8Array(2 ** 16));
  for (let sent = 0; sent < 4; sent++) transport.send(large);
  await turn();
  expect(writes.length).toBe(1);
  writes[0]?.();
  expect(transport.output).toMatchObject({ framesWritten: 1, pendingFrames: 3 });
  expect(writes.length).toBe(2);
  writes[1]?.();
  expect(transport.output).toMatchObject({ framesWritten: 4, pendingFrames: 0 });
  transport.dispose();
});
