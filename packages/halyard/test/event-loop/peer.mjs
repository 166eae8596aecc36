// SPDX-License-Identifier: Apache-2.0

/**
 * The other side, in a process of its own: node peer.mjs CASE client PORT | server. It opens a connection, or prints the port where it
 * waits for one, makes the handshake, and upon the first frame sends what the case says.
 */
import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";
import { cases } from "./cases.mjs";

const [name, role, port] = process.argv.slice(2);
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const extensions = cases[name].config === undefined ? "" : "Sec-WebSocket-Extensions: permessage-deflate\r\n";
const wire = cases[name].wire(role === "client" ? masked : frame);

setTimeout(() => process.exit(1), 60_000);
process.stdin.on("end", () => process.exit()).resume();
if (role === "client") {
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${extensions}\r\n`,
  );
  serve(socket, () => undefined);
} else {
  const server = createServer((socket) => serve(socket, (head) => socket.write(answerTo(head))));
  server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
}

function serve(socket, hasHead) {
  let received = "";
  let isOpen = false;
  let isSent = false;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    // What comes later are answers to pings.
    if (isSent) return;
    received += chunk.toString("latin1");
    const end = received.indexOf("\r\n\r\n") + 4;
    if (end < 4) return;
    if (!isOpen) hasHead(received);
    isOpen = true;
    if (received.length === end) return;
    isSent = true;
    for (const part of wire) socket.write(part);
  });
}

function answerTo(head) {
  const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}${guid}`).digest("base64");
  return (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n${extensions}\r\n`
  );
}

/** @type {import("./cases.mjs").MakeFrame} */
function frame(opcode, payload, flags) {
  return Buffer.concat([head(opcode, payload.length, flags), payload]);
}

/** @type {import("./cases.mjs").MakeFrame} */
function masked(opcode, payload, flags) {
  const start = head(opcode, payload.length, flags);
  start[1] |= 0x80;
  const mask = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
  const hidden = Buffer.from(payload);
  for (let at = 0; at < hidden.length; at++) hidden[at] ^= mask[at & 3];
  return Buffer.concat([start, mask, hidden]);
}

function head(opcode, length, { fin = true, rsv1 = false } = {}) {
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  if (length < 126) return Buffer.of(first, length);
  if (length < 65_536) return Buffer.of(first, 126, length >> 8, length & 255);
  const bytes = Buffer.alloc(10);
  bytes[0] = first;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}
