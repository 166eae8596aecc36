// SPDX-License-Identifier: Apache-2.0
import { type CloseReason, HttpClient, HttpMethod, WebSockets } from "halyard";
import { Cio } from "halyard/cio";

/**
 * The client of Ktor's "Client WebSockets" page: prints what arrives and sends what is typed, in turns, until the
 * server closes the session or there is nothing more to say.
 *
 * @returns why the session ended
 */
export async function converse(
  port: number,
  lines: AsyncIterator<string>,
  print: (line: string) => void,
): Promise<CloseReason> {
  const client = new HttpClient(Cio).install(WebSockets, { pingInterval: 20_000 });
  try {
    const target = { method: HttpMethod.Get, host: "127.0.0.1", port, path: "/echo" };
    const { closeReason } = await client.webSocket(target, async (session) => {
      for await (const frame of session.incoming) {
        if (frame.type === "text") print(frame.readText());
        const line = await lines.next();
        if (line.done) break;
        await session.send(line.value);
      }
      return session;
    });
    return await closeReason;
  } finally {
    await client.close();
  }
}
