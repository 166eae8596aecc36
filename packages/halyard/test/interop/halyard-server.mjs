// SPDX-License-Identifier: Apache-2.0
// The server that Ktor's clients talk to: prints its URL, ends with its input, and by itself after some minutes.
import { EventEmitter, once } from "node:events";
import { json } from "halyard";
import { deflate } from "halyard/deflate";
import { WebSocketServer } from "halyard/server";
import { contractRoutes, contractSubprotocols } from "halyard/testing";

const server = new WebSocketServer({
  subprotocols: contractSubprotocols,
  contentConverter: json(),
  extensions: [deflate({ threshold: 256 })],
});
contractRoutes(server);
/** The Close frames that ended sessions, by the `id` in their query; who asks first waits. */
const seen = new EventEmitter();
/** @type {Map<string, object>} */
const ends = new Map();
/** @param {import("halyard").WebSocketSession} session @param {string} name */
const parameter = (session, name) => session.call.request.url.searchParams.get(name) ?? "";

/** @param {import("halyard").WebSocketSession} session */
async function tellEnd(session) {
  const { received } = await session.ended;
  const id = parameter(session, "id");
  ends.set(id, { code: received?.code, message: received?.message });
  seen.emit(id);
}

server
  .webSocket("/customer/1", (session) =>
    session.sendSerialized({ id: 1, firstName: "Jane", lastName: "Smith" }),
  )
  .webSocket("/customer/echo", async (session) => {
    await session.sendSerialized(await session.receiveDeserialized());
  })
  .webSocket("/extensions", (session) => session.send(session.extensions.map(({ name }) => name).join()))
  .webSocket("/open", async (session) => {
    await session.send("open");
    await tellEnd(session);
  })
  .webSocket("/large", async (session) => {
    await session.send("x".repeat(Number(parameter(session, "size"))), { compress: false });
    await tellEnd(session);
  })
  .webSocket("/end", async (session) => {
    const id = parameter(session, "id");
    if (!ends.has(id)) await once(seen, id);
    await session.sendSerialized(ends.get(id));
  });
const { url } = await server.listen();
process.stdout.write(`${url}\n`);
process.stdin.on("end", () => process.exit()).resume();
setTimeout(() => process.exit(1), 15 * 60_000);
