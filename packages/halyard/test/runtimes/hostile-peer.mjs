// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";

/** One connection, from the hostile server's side. */
export class Peer {
  /** The head of the request. */
  head = "";
  isGone = false;
  #received = Buffer.alloc(0);
  #look = () => undefined;

  /** @param {import("node:net").Socket} socket */
  constructor(socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#look();
    });
    socket.on("drain", () => this.#look());
    // What a client does to the connection is its test's to judge.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isGone = true;
      this.#look();
    });
  }

  /** Reads the head of the request. @returns {Promise<string>} its target */
  async target() {
    while (!this.#received.includes("\r\n\r\n")) {
      await this.#more();
      if (this.#received[0] === 0x16) this.socket.end("HTTP/1.1 400 This is not TLS\r\n\r\n");
    }
    this.head = this.#take(this.#received.indexOf("\r\n\r\n") + 4).toString("latin1");
    return this.head.split(" ")[1];
  }

  /** Answers with a 101, and in the same write with what may follow. */
  agree({ headers = "", accept, behind = Buffer.alloc(0) } = {}) {
    const key = /^Sec-WebSocket-Key: (.*)\r$/im.exec(this.head)?.[1] ?? "";
    const right = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const head = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${accept ?? right}`,
      ...(headers === "" ? [] : [headers]),
    ].join("\r\n");
    this.send(Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), behind]));
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.socket.write(bytes);
  }

  /** @param {string} text */
  message(text) {
    this.#frame(0x81, Buffer.from(text));
  }

  /** A message as long as it may be, as fast as it is taken. @param {number} opcode @param {number} size */
  async pour(opcode, size) {
    const head = Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(BigInt(size), 2);
    this.send(head);
    const piece = Buffer.alloc(2 ** 20, "a");
    for (let left = size; left > 0 && !this.isGone; left -= piece.length) {
      const hasRoom = this.socket.write(piece.subarray(0, left));
      if (!hasRoom && !this.isGone) await this.#more();
    }
  }

  /** A Close frame with any code at all. @param {number} code @param {string} reason */
  close(code, reason) {
    this.#frame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
  }

  /** @param {{ opcode: number, payload: Uint8Array }} frame */
  echo({ opcode, payload }) {
    this.#frame(0x80 | opcode, payload);
  }

  /** A RST alone: `resetAndDestroy()` sends a FIN before it, which a client may see first. */
  reset() {
    Object.assign(this.socket, { resetAndClosing: true }).destroy();
  }

  /** The client's next frame. */
  async frame() {
    const [first, second] = await this.#bytes(2);
    const short = second & 0x7f;
    let size = short;
    if (short === 126) size = (await this.#bytes(2)).readUInt16BE();
    if (short === 127) size = Number((await this.#bytes(8)).readBigUInt64BE());
    const key = await this.#bytes(4);
    const masked = await this.#bytes(size);
    return {
      fin: first >= 0x80,
      opcode: first & 0x0f,
      payload: masked.map((byte, at) => byte ^ key[at % 4]),
    };
  }

  /** Reads the client's frames up to one that is meant. @returns what came before it, and what that says */
  async until(opcode) {
    const seen = { messages: 0, bytes: 0, code: null };
    for (;;) {
      const { fin, opcode: found, payload } = await this.frame();
      if (found === opcode) {
        seen.code = payload.length > 1 ? payload.readUInt16BE() : null;
        return seen;
      }
      // Chromium cuts large messages.
      if (fin) seen.messages++;
      seen.bytes += payload.length;
    }
  }

  /** Reads until the client is gone. */
  async drain() {
    while (!this.isGone) await this.#more().catch(() => undefined);
  }

  /** @param {number} first @param {Uint8Array} payload up to 65,535 bytes */
  #frame(first, payload) {
    const { length } = payload;
    const size = length < 126 ? [length] : [126, length >> 8, length & 0xff];
    this.send(Buffer.concat([Buffer.from([first, ...size]), payload]));
  }

  async #bytes(size) {
    while (this.#received.length < size) await this.#more();
    return this.#take(size);
  }

  #take(size) {
    const taken = this.#received.subarray(0, size);
    this.#received = this.#received.subarray(size);
    return taken;
  }

  #more() {
    if (this.isGone) return Promise.reject(new Error("the client is gone"));
    return new Promise((resolve) => (this.#look = resolve));
  }
}
