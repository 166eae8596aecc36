// SPDX-License-Identifier: Apache-2.0
import { HttpClient, json, WebSockets } from "halyard";

/**
 * Somebody in a room of examples/chat, with nothing of the example's own client.
 * @param {string} url of the page @param {string} name @param {string} room
 * @param {number} [since] the last message that was seen
 */
export async function chatMember(url, name, room, since) {
  const client = new HttpClient().install(WebSockets, { contentConverter: json() });
  const session = await client.webSocketSession(`${url.replace("http", "ws")}chat`);
  await session.sendSerialized({ type: "join", room, name, since });
  const welcome = await session.receiveDeserialized();
  return {
    welcome,
    session,
    /** @param {string} text */
    say: (text) => session.sendSerialized({ type: "say", text }),
    /** Reads on until what is meant comes. @param {(message: any) => boolean} isMeant */
    async until(isMeant) {
      for (const signal = AbortSignal.timeout(15_000); ; ) {
        const message = await session.receiveDeserialized(undefined, { signal });
        if (isMeant(message)) return message;
      }
    },
    close: () => client.close(),
  };
}
