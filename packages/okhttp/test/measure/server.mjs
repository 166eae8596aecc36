// SPDX-License-Identifier: Apache-2.0
// The server of the measurement: echoes, pours and swallows. Prints its URL, ends with its input, and by itself after some minutes.
import { WebSocketServer } from "halyard/server";

const server = new WebSocketServer();
server.webSocket("/echo", async (session) => {
  for await (const frame of session.incoming) await session.send(frame);
});
server.webSocket("/pour", async (session) => {
  const number = (name) => Number(session.call.request.url.searchParams.get(name));
  const message = new Uint8Array(number("size"));
  for (let count = number("messages"); count > 0; count--) await session.send(message);
});
server.webSocket("/swallow", async (session) => {
  let left = Number(session.call.request.url.searchParams.get("messages"));
  for await (const frames of session.incoming.batches()) {
    left -= frames.length;
    if (left === 0) await session.send("done");
  }
});
const { url } = await server.listen();
process.stdout.write(`${url}\n`);
process.stdin.on("end", () => process.exit()).resume();
setTimeout(() => process.exit(1), 10 * 60_000);
