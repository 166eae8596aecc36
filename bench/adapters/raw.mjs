// SPDX-License-Identifier: Apache-2.0
// No client, but the limit for those on `node:net`: it reads into one buffer and counts bytes, and writes frames that were made
// before. It looks into no message.
import net from "node:net";
import { clientFrame } from "../frames.mjs";
import { Inbox } from "./inbox.mjs";

export const looksInto = false;

const readSize = 256 * 1024;
const closeFrame = clientFrame(8, Buffer.from([0x03, 0xe8]));

/**
 * @param {import("../cell.mjs").AdapterOptions} options
 * @returns {import("../cell.mjs").Open}
 */
export function prepare({ frameBytes }) {
  return (url) => {
    const { hostname, port, pathname, search } = new URL(url);
    const inbox = new Inbox();
    /** @type {(bytes: Uint8Array) => void} */
    let onBytes = () => undefined;
    const {
      promise: opened,
      resolve: open,
      reject,
    } = /** @type {ReturnType<typeof promiseWithResolvers<import("../cell.mjs").Connection>>} */ (
      promiseWithResolvers()
    );

    const socket = net.connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readSize),
        callback(length, buffer) {
          onBytes(buffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.on("error", (error) => {
      reject(error);
      inbox.fail(error);
    });
    const closed = new Promise((done) => socket.on("close", done));
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    const counter = new ByteCounter(frameBytes ?? 1);
    const takeFrames =
      frameBytes === undefined
        ? smallFrames(inbox)
        : (/** @type {Uint8Array} */ bytes) => counter.take(bytes.length);
    onBytes = (chunk) => {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      const end = bytes.indexOf("\r\n\r\n") + 4;
      if (end < 4 || bytes.toString("latin1", 9, 12) !== "101") {
        reject(new Error("the handshake failed"));
        return;
      }
      onBytes = takeFrames;
      open(connection);
      if (end < bytes.length) takeFrames(bytes.subarray(end));
    };

    /** @type {Map<unknown, Buffer>} */
    const frames = new Map();
    /** @type {Buffer[]} */
    let waiting = [];
    /** @type {import("../cell.mjs").Connection} */
    const connection = {
      /** Frames that are sent in one turn leave in one write. */
      send(message) {
        let frame = frames.get(message);
        if (frame === undefined) {
          frame = clientFrame(typeof message === "string" ? 1 : 2, Buffer.from(message));
          frames.set(message, frame);
        }
        if (waiting.length === 0) {
          process.nextTick(() => {
            socket.write(waiting.length === 1 ? waiting[0] : Buffer.concat(waiting));
            waiting = [];
          });
        }
        waiting.push(frame);
      },
      sendAll(messages) {
        let window = frames.get(messages);
        if (window === undefined) {
          window = Buffer.concat(
            messages.map((message) => clientFrame(typeof message === "string" ? 1 : 2, Buffer.from(message))),
          );
          frames.set(messages, window);
        }
        socket.write(window);
      },
      consume: (count, each) =>
        frameBytes === undefined ? inbox.consume(count, each) : counter.consume(count, each),
      close() {
        socket.write(closeFrame);
        return closed;
      },
    };
    return opened;
  };
}

/** Counts messages by their bytes, where all batches are of one size. */
class ByteCounter {
  #frameBytes;
  #bytes = 0;
  #wanted = 0;
  #calls = 0;
  /** @type {(() => unknown) | undefined} */
  #each;
  /** @type {(() => void) | undefined} */
  #resolve;

  /** @param {number} frameBytes */
  constructor(frameBytes) {
    this.#frameBytes = frameBytes;
  }

  /** @param {number} length */
  take(length) {
    this.#bytes += length;
    if (this.#each !== undefined) {
      // An echo: every message that is complete is answered.
      for (; this.#calls < Math.floor(this.#bytes / this.#frameBytes); this.#calls++) this.#each();
    }
    if (this.#resolve !== undefined && this.#bytes >= this.#wanted) {
      this.#bytes -= this.#wanted;
      this.#calls = 0;
      this.#resolve();
      this.#resolve = undefined;
    }
  }

  /** @param {number} count @param {((message?: any) => unknown) | undefined} each @returns {Promise<void>} */
  consume(count, each) {
    this.#wanted = Math.round(count * this.#frameBytes);
    this.#each = each;
    return new Promise((resolve) => (this.#resolve = resolve));
  }
}

/** Reads the short text frames by which a sink answers. @param {Inbox} inbox */
function smallFrames(inbox) {
  let rest = Buffer.alloc(0);
  return (/** @type {Uint8Array} */ bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 2 && rest.length >= 2 + rest[1]) {
      inbox.push(rest.toString("latin1", 2, 2 + rest[1]));
      rest = rest.subarray(2 + rest[1]);
    }
  };
}

/** @template T */
function promiseWithResolvers() {
  /** @type {(value: T) => void} */
  let resolve = () => undefined;
  /** @type {(error: Error) => void} */
  let reject = () => undefined;
  /** @type {Promise<T>} */
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
