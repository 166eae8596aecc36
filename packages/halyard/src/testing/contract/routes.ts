// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from "../../protocol/close-reason.ts";
import { Frame } from "../../protocol/frame.ts";
import type { DefaultWebSocketSession } from "../../session/default-web-socket-session.ts";
import { Deferred } from "../../session/waiting.ts";
import type { WebSocketSession } from "../../session/web-socket-session.ts";

/** What the routes are mounted on: a `WebSocketServer`, or whatever can serve paths. */
export interface ContractServer {
  webSocket(path: string, handler: (session: DefaultWebSocketSession) => unknown): unknown;
  webSocketRaw(path: string, handler: (session: WebSocketSession) => unknown): unknown;
}

/** The subprotocols that the server has to be configured with. */
export const contractSubprotocols: readonly string[] = ["v2.contract", "v1.contract"];

/** Gives a server what the cases of the engine contract talk to. */
export function contractRoutes(server: ContractServer): void {
  const ends = new Map<string, Deferred<CloseReason | null>>();
  const endOf = (session: WebSocketSession) => {
    const id = parameter(session, "id");
    const end = ends.get(id) ?? new Deferred();
    ends.set(id, end);
    return end;
  };
  server.webSocket("/echo", echo);
  server.webSocket("/greeting", async (session) => {
    await session.send("Please enter your name");
    for await (const frame of session.incoming) {
      if (frame.type !== "text") continue;
      if (frame.readText() === "bye") await session.close({ code: 1000, message: "Client said BYE" });
      else await session.send(`Hi, ${frame.readText()}!`);
    }
  });
  server.webSocket("/headers", async (session) => {
    await session.send(JSON.stringify(Object.fromEntries(session.call.request.headers)));
  });
  server.webSocket("/close", (session) =>
    session.close({ code: Number(parameter(session, "code")), message: parameter(session, "message") }),
  );
  server.webSocket("/count", async (session) => {
    const count = Number(parameter(session, "messages"));
    for (let index = 0; index < count; index++) await session.send(String(index));
  });
  // Tells on a second connection how the first one ended.
  server.webSocket("/watched", async (session) => {
    for await (const _frame of session.incoming);
    endOf(session).resolve((await session.ended).received);
  });
  server.webSocket("/watch", async (session) => {
    const { code, message } = (await endOf(session).promise) ?? {};
    await session.send(JSON.stringify({ code, message }));
  });
  server.webSocketRaw("/raw", async (session) => {
    await session.send(new Frame.Ping(new Uint8Array([1, 2, 3])));
    await session.send(new Frame.Text("frag", { fin: false }));
    await session.send(new Frame.Text("mented"));
    await answerRaw(session);
  });
}

async function echo(session: DefaultWebSocketSession): Promise<void> {
  for await (const frame of session.incoming) await session.send(frame);
}

/** Reports each pong as a text, and answers the Close frame. */
async function answerRaw(session: WebSocketSession): Promise<void> {
  for await (const frame of session.incoming) {
    if (frame.type === "pong") await session.send(`pong ${frame.data.join(" ")}`);
    if (frame.type === "close") await session.send(new Frame.Close(frame.readReason() ?? undefined));
  }
}

function parameter(session: WebSocketSession, name: string): string {
  for (const [key, value] of session.call.request.url.searchParams) if (key === name) return value;
  return "";
}
