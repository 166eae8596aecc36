// SPDX-License-Identifier: Apache-2.0

/**
 * What is measured: per case what the server does with a session, what the client does, and how many MiB, or KiB a
 * session, either may come to. The figures in `docs/memory.md` are these bounds.
 */
import { connect } from "node:net";
import { setImmediate } from "node:timers/promises";
import { constants, createDeflateRaw, deflateRawSync } from "node:zlib";
import { deflate } from "halyard/deflate";
import { receiveStream } from "halyard/streams";

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const GiB = 2 ** 30;
const sessions = 10_000;

const compressing = { extensions: [deflate({ threshold: 0 })] };
// Keepalive would send pings while we look.
const quiet = { pingInterval: 0 };
const streaming = { "MiB of the server at most": 200, "MiB of the client at most": 200 };

export const cases = {
  "a 4 GiB message from the client": {
    heapMiB: 64,
    server: async (session) => session.send(String(await drain(session))),
    client: (context) => upload(context, 4 * GiB),
    bounds: streaming,
  },
  "a 4 GiB message from the server, to a client that takes its time": {
    heapMiB: 64,
    server: (session) => session.send(parts(4 * GiB)),
    client: (context) => download(context, 4 * GiB),
    bounds: streaming,
  },
  "a compressed message of 1 GiB": {
    heapMiB: 64,
    config: compressing,
    server: async (session) => session.send(String(await drain(session))),
    client: (context) => upload(context, GiB),
    bounds: streaming,
  },
  "2,000 messages of 1 MiB": {
    server: async (session) => {
      const message = new Uint8Array(MiB);
      for (let sent = 0; sent < 2000; sent++) await session.send(message);
      await session.close();
    },
    client: faults,
    // Of the 256 pages of a message 14 to 25 cost one where malloc is left to give memory back to the system.
    bounds: { "page faults of the client a message": 4 },
  },
  "10,000 sessions": {
    config: quiet,
    server: echo,
    client: (context) => open(context, 16),
    bounds: { "KiB a session of the server": 18, "KiB a session of the client": 10 },
  },
  "10,000 compressed sessions after a message of 1 KiB": {
    config: { ...quiet, ...compressing },
    server: echo,
    client: (context) => open(context, KiB),
    bounds: { "KiB a session of the server": 26, "KiB a session of the client": 17 },
  },
  "10,000 compressed sessions with full windows": {
    config: { ...quiet, ...compressing },
    server: echo,
    client: (context) => open(context, 40 * KiB),
    bounds: { "KiB a session of the server": 140, "KiB a session of the client": 120 },
  },
  "a message of 1 MiB that inflates to 1 GiB": {
    config: compressing,
    server: receiveAll,
    client: async ({ port }) => expectClose(await hostile(port, [frame(await bomb(GiB))]), 1009),
    bounds: { "MiB of the server at most": 160 },
  },
  "400 messages in one read that inflate to 128 KiB each, unread": {
    config: compressing,
    server: never,
    client: async ({ port }) => {
      const message = frame(deflated(128 * KiB));
      await hostile(
        port,
        Array.from({ length: 400 }, () => message),
        1000,
      );
    },
    bounds: { "MiB of the server at most": 160 },
  },
  "50 connections with messages of 16 MiB, unread": {
    config: compressing,
    server: never,
    client: async ({ port }) => {
      const message = frame(deflated(16 * MiB));
      const messages = Array.from({ length: 8 }, () => message);
      await Promise.all(Array.from({ length: 50 }, () => hostile(port, messages, 5000)));
    },
    bounds: { "MiB of the server at most": 50 * 3 * 16 + 150 },
  },
};

async function* parts(size) {
  const part = new Uint8Array(64 * KiB);
  for (let at = 0; at < size; at += part.length) yield part;
}

async function drain(session) {
  let size = 0;
  for await (const chunk of await receiveStream(session)) size += chunk.length;
  return size;
}

async function upload({ client, url }, size) {
  await client.webSocket(url, async (session) => {
    await session.send(parts(size));
    const answer = (await session.incoming.receive()).readText();
    if (answer !== String(size)) throw new Error(`${size} bytes were sent, and ${answer} arrived`);
  });
}

async function download({ client, url }, size) {
  await client.webSocket(url, async (session) => {
    let received = 0;
    for await (const chunk of await receiveStream(session)) {
      received += chunk.length;
      await setImmediate();
    }
    if (received !== size) throw new Error(`${size} bytes were sent, and ${received} arrived`);
  });
}

/** Receives all that comes, and tells how often memory was new to the process in the second half. */
async function faults({ client, url }) {
  const soFar = [];
  await client.webSocket(url, async (session) => {
    for await (const frame of session.incoming) {
      if (frame.data.length !== MiB) throw new Error(`a message of ${frame.data.length} bytes`);
      soFar.push(process.resourceUsage().minorPageFault);
    }
  });
  if (soFar.length !== 2000) throw new Error(`2000 messages were sent, and ${soFar.length} arrived`);
  return { measured: { "page faults of the client a message": (soFar[1999] - soFar[999]) / 1000 } };
}

async function echo(session) {
  for await (const frame of session.incoming) await session.send(frame);
}

async function receiveAll(session) {
  for await (const frame of session.incoming) void frame;
}

async function never(session) {
  await session.closeReason;
}

/** Opens many sessions and sends a message of its own to and fro in each. */
async function open({ client, url }, size) {
  const one = async (index) => {
    const session = await client.webSocketSession(url);
    // No two alike, and compressible by half.
    await session.send(
      Array.from({ length: size / 8 }, (_, at) => (index * 7919 + at).toString(36).padStart(8)).join(""),
    );
    await session.incoming.receive();
    return session;
  };
  const open = [];
  for (let at = 0; at < sessions; at += 100) {
    open.push(...(await Promise.all(Array.from({ length: 100 }, (_, index) => one(at + index)))));
  }
  return { open };
}

/** What a message of so many zero bytes is compressed. */
function deflated(size) {
  return deflateRawSync(Buffer.alloc(size), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

async function bomb(size) {
  const deflater = createDeflateRaw();
  const output = [];
  deflater.on("data", (chunk) => output.push(chunk));
  const zeros = Buffer.alloc(MiB);
  for (let at = 0; at < size; at += zeros.length)
    await new Promise((resolve) => deflater.write(zeros, resolve));
  await new Promise((resolve) => deflater.flush(constants.Z_SYNC_FLUSH, resolve));
  return Buffer.concat(output).subarray(0, -4);
}

/** A compressed binary message, masked with zeros. */
function frame(payload) {
  const header = Buffer.alloc(14);
  header[0] = 0xc2;
  header[1] = 0xff;
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  if (payload.length > 0xffff) return Buffer.concat([header, payload]);
  const short =
    payload.length < 126
      ? Buffer.of(0xc2, 0x80 | payload.length)
      : Buffer.of(0xc2, 0xfe, payload.length >> 8, payload.length & 0xff);
  return Buffer.concat([short, Buffer.alloc(4), payload]);
}

/** Sends frames as a client of our own, reads on for a while, and returns what came behind the handshake. */
async function hostile(port, frames, milliseconds = 60_000) {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
  );
  socket.write(Buffer.concat(frames));
  const timer = setTimeout(() => socket.destroy(), milliseconds);
  const received = [];
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => received.push(chunk));
  await new Promise((resolve) => socket.once("close", resolve));
  clearTimeout(timer);
  const bytes = Buffer.concat(received);
  return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
}

function expectClose(bytes, code) {
  if (bytes[0] !== 0x88 || bytes.readUInt16BE(2) !== code)
    throw new Error(`no Close frame with ${code}: ${bytes.toString("hex")}`);
}
