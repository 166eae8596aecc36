// SPDX-License-Identifier: Apache-2.0
// The package `ws`. It takes bufferutil where that is installed, unless WS_NO_BUFFER_UTIL is set.
import WebSocket from "ws";
import { Inbox } from "./inbox.mjs";

/**
 * @param {import("../cell.mjs").AdapterOptions} options
 * @returns {import("../cell.mjs").Open}
 */
export function prepare({ maxMessageSize }) {
  const options = maxMessageSize === undefined ? {} : { maxPayload: maxMessageSize };

  return (url) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, options);
      const inbox = new Inbox();
      socket.on("message", (/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) =>
        inbox.push(isBinary ? data : data.toString()),
      );
      socket.on("error", (error) => {
        reject(error);
        inbox.fail(error);
      });
      const closed = new Promise((done) => socket.on("close", done));
      socket.on("close", (code) => inbox.fail(new Error(`closed with ${code}`)));
      socket.on("open", () =>
        resolve({
          send: (message) => socket.send(message),
          // With context takeover it compresses even the shortest message, and the server inflates nothing.
          order: (text) => socket.send(text, { compress: false }),
          consume: (count, each) => inbox.consume(count, each),
          close() {
            socket.close(1000);
            return closed;
          },
        }),
      );
    });
}
