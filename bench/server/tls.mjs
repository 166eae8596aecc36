// SPDX-License-Identifier: Apache-2.0
// The peer of the rows that connect by TLS: it agrees to any handshake and answers the first frame with a Close.
//
//   node tls.mjs FOLDER SECONDS
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import tls from "node:tls";
import { serverFrame } from "../frames.mjs";

const [folder, seconds] = process.argv.slice(2);
const closing = serverFrame(8, Buffer.from([0x03, 0xe8]));

const server = tls.createServer(
  {
    key: readFileSync(path.join(folder, "key.pem")),
    cert: readFileSync(path.join(folder, "certificate.pem")),
  },
  (socket) => {
    let head = "";
    let isOpen = false;
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      if (isOpen) {
        socket.end(closing);
        return;
      }
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      isOpen = true;
      socket.write(answerTo(head));
    });
  },
);
server.listen(0, "127.0.0.1", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  process.stdout.write(`${port}\n`);
});

/** @param {string} head */
function answerTo(head) {
  const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  );
}

process.stdin.on("end", () => process.exit(0)).resume();
setTimeout(() => process.exit(1), Number(seconds) * 1000);
