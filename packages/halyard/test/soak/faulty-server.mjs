// SPDX-License-Identifier: Apache-2.0
// A server that does something wrong, as the path says.
import { createHash } from "node:crypto";
import { createServer } from "node:net";

const closeNormal = Buffer.of(0x88, 2, 3, 0xe8);

/** @type {Record<string, (socket: import("node:net").Socket, agreed: string) => void>} */
const faults = {
  "/mute": () => undefined,
  "/reset": (socket) => socket.resetAndDestroy(),
  "/half": (socket, agreed) => socket.write(agreed.slice(0, 30), () => socket.resetAndDestroy()),
  "/garbage": (socket) => socket.end("nonsense\r\n\r\n"),
  "/refused": (socket) =>
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope"),
  "/bad-frame": (socket, agreed) => socket.end(with101(agreed, [0x83, 0])),
  "/bad-deflate": (socket, agreed) =>
    socket.end(
      with101(
        agreed.replace(/\r\n$/, "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
        [0xc1, 2, 6, 7],
      ),
    ),
  "/mid-frame": (socket, agreed) =>
    socket.write(with101(agreed, [0x82, 100, 1, 2, 3]), () => socket.resetAndDestroy()),
  "/eof": (socket, agreed) => socket.end(agreed),
  "/no-close": (socket, agreed) => socket.write(agreed),
  "/closes": (socket, agreed) => socket.end(with101(agreed, closeNormal)),
};

/** @param {string} agreed @param {Iterable<number>} frames */
function with101(agreed, frames) {
  return Buffer.concat([Buffer.from(agreed, "latin1"), Buffer.from(frames)]);
}

/** Not started yet. */
export function faultyServer() {
  const server = createServer((socket) => {
    let head = "";
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").on("data", (text) => {
      if (head.includes("\r\n\r\n")) return;
      head += text;
      if (!head.includes("\r\n\r\n")) return;
      const [, path] = head.split(" ", 2);
      faults[path](socket, agreement(head));
    });
  });
  return server;
}

/** @param {string} head */
function agreement(head) {
  const [, key] = /^Sec-WebSocket-Key: *(\S+)/im.exec(head) ?? [];
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}
