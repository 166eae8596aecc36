// SPDX-License-Identifier: Apache-2.0
// Halyard, all that has arrived at once.
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";

/** @type {(message: unknown) => void | Promise<unknown>} */
const ignore = () => undefined;

/**
 * @param {import("../cell.mjs").AdapterOptions} options
 * @returns {Promise<import("../cell.mjs").Open>}
 */
export async function prepare({ deflate }) {
  const extensions = deflate ? [(await import("halyard/deflate")).deflate()] : [];
  const client = new HttpClient(Cio).install(WebSockets, { extensions });

  return async (url) => {
    const session = await client.webSocketSession(url);
    return {
      send: (message) => session.send(message),
      async consume(count, each = ignore) {
        let left = count;
        for await (const frames of session.incoming.batches()) {
          for (const frame of frames) {
            const pending = each(frame.type === "text" ? frame.readText() : frame.data);
            if (pending !== undefined) await pending;
          }
          left -= frames.length;
          if (left === 0) return;
        }
        throw new Error(`the session ended: ${String(await session.closeReason)}`);
      },
      close: () => session.close(),
    };
  };
}
