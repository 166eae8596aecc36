// SPDX-License-Identifier: Apache-2.0
// A client on the Js engine, on a WebSocket that says what a test wants.
import { Js, type JsOptions } from "../../src/engines/js/index.ts";
import { type DefaultWebSocketSession, HttpClient, WebSockets } from "../../src/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";
import { turns } from "../support/leaks.ts";
import { FakeWebSocket } from "./fake-web-socket.ts";

export const url = "ws://127.0.0.1:1/a?ticket=secret";

export interface Meeting {
  readonly clock: VirtualClock;
  readonly socket: FakeWebSocket;
  readonly session: DefaultWebSocketSession;
}

export function clientWith(config: WebSockets.Config = {}, options: JsOptions = {}) {
  const clock = new VirtualClock();
  const sockets: FakeWebSocket[] = [];
  const create = ({ url: given, ...rest }: { readonly url: string }) => {
    const socket = new FakeWebSocket(given, rest);
    sockets.push(socket);
    return socket;
  };
  const client = new HttpClient(Js, { clock, create, ...options }).install(WebSockets, config);
  return { clock, client, sockets };
}

export async function meet(config?: WebSockets.Config, options?: JsOptions): Promise<Meeting> {
  const { clock, client, sockets } = clientWith(config, options);
  const opening = client.webSocketSession(url);
  await turns();
  const socket = sockets[0] as FakeWebSocket;
  socket.emit("open");
  return { clock, socket, session: await opening };
}
