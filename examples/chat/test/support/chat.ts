// SPDX-License-Identifier: Apache-2.0
import { type DefaultClientWebSocketSession, HttpClient, json, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { onTestFinished } from "vitest";
import { InProcessBus } from "../../src/bus/in-process.js";
import { type ChatServer, type ChatServerOptions, serveChat } from "../../src/server/server.js";
import type { ServerMessage } from "../../src/shared/protocol.js";

/** A server that goes away with the test. */
export async function chatServer(options: Partial<ChatServerOptions> = {}): Promise<ChatServer> {
  const server = await serveChat({ bus: new InProcessBus(), ...options });
  onTestFinished(() => server.close());
  return server;
}

/** Where the chat itself is. */
export function chatUrl({ url }: ChatServer): string {
  return `${url.replace("http", "ws")}chat`;
}

/** A connection that has not said anything yet. */
export async function connectTo(
  server: ChatServer,
  headers: Record<string, string> = {},
): Promise<DefaultClientWebSocketSession> {
  const client = new HttpClient(Cio).install(WebSockets, { contentConverter: json(), closeTimeout: 2_000 });
  onTestFinished(() => client.close());
  return await client.webSocketSession({ url: chatUrl(server), headers });
}

/** Somebody in a room, by nothing but the protocol. */
export async function member(server: ChatServer, join: { name: string; room?: string; since?: number }) {
  const session = await connectTo(server);
  await session.sendSerialized({ type: "join", room: "tea", ...join });
  const next = () =>
    session.receiveDeserialized<ServerMessage>(undefined, { signal: AbortSignal.timeout(10_000) });
  const welcome = await next();
  if (welcome.type !== "welcome") throw new Error(`not welcome, but ${welcome.type}`);
  return { session, welcome, next, say: (text: string) => session.sendSerialized({ type: "say", text }) };
}
