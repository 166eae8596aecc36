// SPDX-License-Identifier: Apache-2.0
// What the adapters of WHATWG's WebSocket share.
import { Inbox } from "./inbox.mjs";

/**
 * @param {any} WebSocket
 * @param {string | undefined} binaryType undefined leaves the client's own
 * @param {object} [options] what the constructor takes besides the URL
 * @returns {import("../cell.mjs").Open}
 */
export function whatwgOpen(WebSocket, binaryType, options) {
  return (url) =>
    new Promise((resolve, reject) => {
      const socket = options === undefined ? new WebSocket(url) : new WebSocket(url, options);
      if (binaryType !== undefined) socket.binaryType = binaryType;
      const inbox = new Inbox();
      socket.onmessage = (/** @type {{ data: any }} */ { data }) =>
        inbox.push(data instanceof ArrayBuffer ? new Uint8Array(data) : data);
      /** @type {Promise<void>} */
      const closed = new Promise((done) => {
        socket.onclose = (/** @type {{ code: number, reason: string }} */ { code, reason }) => {
          const error = new Error(`closed with ${code} ${reason}`);
          reject(error);
          inbox.fail(error);
          done();
        };
      });
      socket.onerror = (/** @type {{ message: string, error?: Error }} */ { message, error: cause }) => {
        const error = new Error(message || cause?.message || "the connection failed");
        reject(error);
        // Once it is open, the code of the close tells more than an error without a text.
        if (message) inbox.fail(error);
      };
      socket.onopen = () =>
        resolve({
          send: (message) => socket.send(message),
          consume: (count, each) => inbox.consume(count, each),
          close() {
            socket.close(1000);
            return closed;
          },
        });
    });
}
