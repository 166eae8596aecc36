// SPDX-License-Identifier: Apache-2.0
// Halyard, frame by frame.
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";

/** @type {(message: unknown) => void | Promise<unknown>} */
const ignore = () => undefined;

/**
 * @param {import("../cell.mjs").AdapterOptions} options
 * @returns {Promise<import("../cell.mjs").Open>}
 */
export async function prepare({ deflate, stream }) {
  const extensions = deflate ? [(await import("halyard/deflate")).deflate()] : [];
  const streams = stream ? await import("halyard/streams") : undefined;
  const client = new HttpClient(Cio).install(WebSockets, { extensions });

  return async (url) => {
    const session = await client.webSocketSession(url);
    return {
      send: (message) => session.send(message),
      async consume(count, each = ignore) {
        let left = count;
        for await (const frame of session.incoming) {
          const pending = each(frame.type === "text" ? frame.readText() : frame.data);
          if (pending !== undefined) await pending;
          if (--left === 0) return;
        }
        throw new Error(`the session ended: ${String(await session.closeReason)}`);
      },
      consumeStreamed:
        streams &&
        (async () => {
          let length = 0;
          for await (const chunk of await streams.receiveStream(session)) length += chunk.length;
          return length;
        }),
      close: () => session.close(),
    };
  };
}
