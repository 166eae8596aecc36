// SPDX-License-Identifier: Apache-2.0
// A session of ours, in either role and by every way there is, meets a peer that says whatever it likes.
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import type { Socket } from "node:net";
import { WebSocket as UndiciWebSocket } from "undici";
import { expect } from "vitest";
import { WebSocket as WsWebSocket } from "ws";
import type { CioOptions } from "../../src/engines/cio/index.ts";
import { Js, type WebSocketConstructor } from "../../src/engines/js/index.ts";
import { type DefaultWebSocketSession, HttpClient, WebSockets } from "../../src/index.ts";
import { WebSocketServer, type WebSocketServerOptions } from "../../src/server/index.ts";
import type { Clock } from "../../src/session/clock.ts";
import type { Role } from "../protocol/support.ts";
import { bareClient, request } from "../support/bare-client.ts";
import { certificates } from "../support/certificates.ts";
import { testClient } from "../support/clients.ts";
import { type HostileServer, hostileServer, reset } from "../support/hostile-server.ts";
import { http2Server } from "../support/http2-server.ts";
import { until } from "../support/leaks.ts";
import type { Platform } from "./cases/case.ts";
import { HostilePeer } from "./peer.ts";

/** A session of ours and its peer. When it is disposed of both have let go of everything. */
export interface Meeting extends AsyncDisposable {
  readonly session: DefaultWebSocketSession;
  readonly peer: HostilePeer;
}

export interface MeetingOptions extends WebSockets.Config {
  /** What the peer offers, or accepts, as `Sec-WebSocket-Extensions`. */
  readonly agreed?: string;
  /** What our side lives by, over TCP. @defaultValue the system's */
  readonly clock?: Clock;
  /** Where the way needs one. */
  readonly client?: MakeClient | undefined;
}

/** Makes a client of an engine that is in another package. */
export type MakeClient = (config: WebSockets.Config) => HttpClient<"WebSockets">;

/** A way to a session. */
export type Way = "TCP" | "TLS" | "HTTP/2" | Platform;

/** By a connection of HTTP/1.1 for each session. */
export type HttpWay = Exclude<Way, "HTTP/2">;

const calm: WebSockets.Config = { pingInterval: 0, closeTimeout: 2_000, handshakeTimeout: 5_000 };

/** Opens a connection between a session of the given role and a peer of the other one. */
export async function meet(
  role: Role,
  { agreed, clock, client, ...config }: MeetingOptions = {},
  way: Way = "TCP",
): Promise<Meeting> {
  const all = { ...calm, ...config };
  if (role === "client")
    return way === "HTTP/2" ? meetHttp2Server(all, agreed) : meetServer(all, agreed, way, { clock, client });
  return way === "HTTP/2" ? await meetHttp2Client(all, agreed) : await meetClient(all, agreed, clock);
}

/** Opens several connections, one after the other. */
export async function meetings(
  role: Role,
  count: number,
  options: MeetingOptions = {},
): Promise<{ readonly all: readonly Meeting[] } & AsyncDisposable> {
  const all: Meeting[] = [];
  const dispose = async (): Promise<void> => {
    for (const met of all) await met[Symbol.asyncDispose]();
  };
  try {
    while (all.length < count) all.push(await meet(role, options));
  } catch (error) {
    await dispose();
    throw error;
  }
  return { all, [Symbol.asyncDispose]: dispose };
}

/** A client by one of the ways to a server of HTTP/1.1. */
export function clientBy(
  way: HttpWay,
  config: WebSockets.Config,
  make?: MakeClient,
): HttpClient<"WebSockets"> {
  if (way === "TCP") return testClient(config);
  if (way === "TLS") return testClient(config, { tls: { ca: certificates().ca } });
  // The extensions are the platform's.
  const { extensions: _, ...rest } = config;
  if (make !== undefined) return make(rest);
  if (way === "okhttp") throw new Error("who has OkHttp makes its clients");
  const webSocket = (way === "ws" ? WsWebSocket : UndiciWebSocket) as unknown as WebSocketConstructor;
  return new HttpClient(Js, { webSocket }).install(WebSockets, rest);
}

/** A server of HTTP/1.1 for one of the ways. Its script is told how to break the connection, beneath TLS where there is TLS. */
export async function serverBy(
  way: HttpWay,
  script: (peer: HostileServer["peer"], breakOff: () => void) => unknown,
): Promise<HostileServer> {
  const bare: Socket[] = [];
  return await hostileServer(
    (peer) => {
      const socket = way === "TLS" ? bare.at(-1) : peer.socket;
      return script(peer, () => {
        if (socket !== undefined) reset(socket);
      });
    },
    {
      ...(way === "TLS" && { tls: certificates().good }),
      onConnection: (socket) => bare.push(socket),
    },
  );
}

/** Every key there was. */
const keys = new Set<string>();

/** The key of a request, which is no other one's. */
export function freshKey(request: string): string {
  const key = /^Sec-WebSocket-Key: (.*)\r$/im.exec(request)?.[1] ?? "";
  expect(Buffer.from(key, "base64"), "the key's bytes").toHaveLength(16);
  expect(keys.has(key), "a key that comes again").toBe(false);
  keys.add(key);
  return key;
}

async function meetServer(
  config: WebSockets.Config,
  agreed: string | undefined,
  way: HttpWay,
  { clock, client: make }: Pick<MeetingOptions, "client"> & { readonly clock: Clock | undefined },
): Promise<Meeting> {
  let peer: HostilePeer | undefined;
  const server = await serverBy(way, async (each, breakOff) => {
    const headers = agreed === undefined ? "" : `Sec-WebSocket-Extensions: ${agreed}\r\n`;
    freshKey(await each.accept(undefined, headers));
    each.socket.removeAllListeners("data");
    peer = new HostilePeer("client", each.socket, each.received, breakOff);
  });
  const client = clock === undefined ? clientBy(way, config, make) : testClient(config, { clock });
  const session = await client.webSocketSession(way === "TLS" ? server.secureUrl : server.url);
  await until(() => peer !== undefined, "the peer");
  return meeting(session, peer, client, server);
}

async function meetHttp2Server(config: WebSockets.Config, agreed: string | undefined): Promise<Meeting> {
  let peer: HostilePeer | undefined;
  const server = await http2Server((stream) => {
    stream.respond({ ":status": 200, ...(agreed !== undefined && { "sec-websocket-extensions": agreed }) });
    peer = new HostilePeer("client", stream, Buffer.alloc(0), () => stream.close(constants.NGHTTP2_CANCEL));
  });
  const options: CioOptions = { http2: "require" };
  const client = testClient(config, options);
  const session = await client.webSocketSession(server.url);
  return meeting(session, peer, client, server);
}

async function meetClient(
  config: WebSockets.Config,
  agreed: string | undefined,
  clock: Clock | undefined,
): Promise<Meeting> {
  const { server, opened } = ourServer({ ...config, clock });
  const { port } = await server.listen();
  const client = await bareClient(port);
  client.write(request({ headers: { "Sec-WebSocket-Extensions": agreed ?? null } }));
  const head = await client.hears(/^HTTP\/1\.1 101 [^]*\r\n\r\n/);
  expect(head.includes("Sec-WebSocket-Extensions"), "the extension is agreed on").toBe(agreed !== undefined);
  client.socket.removeAllListeners("data");
  const early = client.received.subarray(head.indexOf("\r\n\r\n") + 4);
  const peer = new HostilePeer("server", client.socket, early, () => reset(client.socket));
  return meeting(await opened(), peer, client, server);
}

async function meetHttp2Client(config: WebSockets.Config, agreed: string | undefined): Promise<Meeting> {
  const { server, opened } = ourServer(config, true);
  const { port } = await server.listen();
  const connection = connectHttp2(`http://127.0.0.1:${port}`);
  connection.on("error", () => undefined);
  await once(connection, "remoteSettings");
  const stream = connection.request(
    {
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "http",
      ":authority": "127.0.0.1",
      ":path": "/",
      "sec-websocket-version": "13",
      ...(agreed !== undefined && { "sec-websocket-extensions": agreed }),
    },
    { endStream: false },
  );
  const peer = new HostilePeer("server", stream, Buffer.alloc(0), () =>
    stream.close(constants.NGHTTP2_CANCEL),
  );
  const end = async (): Promise<void> => {
    connection.destroy();
    if (!connection.closed) await once(connection, "close");
  };
  return meeting(await opened(), peer, { [Symbol.asyncDispose]: end }, server);
}

/** A server of ours, and the session that it opens. */
function ourServer(config: WebSocketServerOptions, http2 = false) {
  let session: DefaultWebSocketSession | undefined;
  const server = new WebSocketServer({ ...config, http2 }).webSocket("/", async (opened) => {
    session = opened;
    await opened.ended;
  });
  const opened = async (): Promise<DefaultWebSocketSession> => {
    await until(() => session !== undefined, "the session");
    if (session === undefined) throw new Error("there is no session");
    return session;
  };
  return { server, opened };
}

function meeting(
  session: DefaultWebSocketSession,
  peer: HostilePeer | undefined,
  ...owners: readonly AsyncDisposable[]
): Meeting {
  if (peer === undefined) throw new Error("there is no peer");
  const part = async (): Promise<void> => {
    session.cancel();
    peer.socket.destroy();
    for (const owner of owners) await owner[Symbol.asyncDispose]();
  };
  return { session, peer, [Symbol.asyncDispose]: part };
}
