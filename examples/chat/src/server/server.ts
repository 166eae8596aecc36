// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { bounded, CloseReason, type DefaultWebSocketSession, json } from "halyard";
import { type ServerOptions, upgradeWebSocket } from "halyard/server";
import type { Bus } from "../bus/bus.js";
import { type ConversationLimits, converse, defaultLimits } from "./conversation.js";
import { serveJson, servePage } from "./pages.js";
import { Rooms } from "./rooms.js";

export interface ChatServerOptions {
  readonly bus: Bus;
  /** @defaultValue 0, any free one */
  readonly port?: number | undefined;
  /** @defaultValue "127.0.0.1", which only this machine can reach */
  readonly host?: string | undefined;
  /** Pages of other hosts that may connect, as browsers name them: `["https://example.org"]`. */
  readonly origins?: readonly string[] | undefined;
  /** The most connections at once. @defaultValue 1,000 */
  readonly maxConnections?: number | undefined;
  readonly limits?: Partial<ConversationLimits> | undefined;
}

export interface ChatServer {
  /** Of the page; the chat itself is at `/chat`. */
  readonly url: string;
  /** Tells everybody with 1001, waits for them, and closes the bus. */
  close(): Promise<void>;
}

/** Serves the page, the chat at `/chat`, the rooms at `/rooms`, and at `/health` whether all is well. */
export async function serveChat(options: ChatServerOptions): Promise<ChatServer> {
  const { bus, port = 0, host = "127.0.0.1", origins = [], maxConnections = 1_000 } = options;
  const chat = { bus, rooms: new Rooms(bus), limits: { ...defaultLimits, ...options.limits } };
  const sessions = new Set<DefaultWebSocketSession>();
  const conversations = new Set<Promise<void>>();
  let isClosing = false;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => {
      process.emitWarning(error);
      response.destroy();
    });
  });
  server.on("upgrade", (request, socket, head) => {
    if (pathOf(request) !== "/chat") return refuse(socket, "404 Not Found");
    if (isClosing || conversations.size >= maxConnections) return refuse(socket, "503 Service Unavailable");
    const conversation = upgradeWebSocket(request, socket, head, handle, sessionOptions(origins));
    conversations.add(conversation);
    void conversation.finally(() => conversations.delete(conversation));
  });
  server.listen(port, host);
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}/`, close };

  async function handle(session: DefaultWebSocketSession): Promise<void> {
    sessions.add(session);
    try {
      await converse(session, chat);
    } finally {
      sessions.delete(session);
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const isReady = bus.isReady && !isClosing;
    if (path === "/health") serveJson(isReady ? 200 : 503, { isReady, connections: sessions.size }, response);
    else if (path === "/rooms" && isReady) serveJson(200, await bus.rooms(), response);
    else if (path === "/rooms") serveJson(503, [], response);
    else await servePage(path, response);
  }

  async function close(): Promise<void> {
    isClosing = true;
    server.close();
    const reason = { code: CloseReason.Codes.GOING_AWAY, message: "The server is shutting down." };
    await Promise.all(Array.from(sessions, (session) => session.close(reason)));
    await Promise.all(conversations);
    server.closeAllConnections();
    await bus.close();
  }
}

/** Small, since what people type is small: a thousand connections that do not read hold 64 MiB, not more. */
function sessionOptions(origins: readonly string[]): ServerOptions {
  return {
    origins,
    contentConverter: json(),
    maxMessageSize: 8_192,
    maxFrameSize: 8_192,
    channels: {
      incoming: bounded({ messages: 16, bytes: 16_384 }),
      outgoing: bounded({ messages: 256, bytes: 65_536 }),
    },
    onError(error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    },
  };
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "/";
}

function refuse(socket: Duplex, status: string): void {
  socket.on("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
