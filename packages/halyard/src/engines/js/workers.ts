// SPDX-License-Identifier: Apache-2.0
import { HandshakeError } from "../../protocol/errors.ts";
import type { MessageListener } from "../messages/message-socket.ts";
import { type Opened, type Opening, openingFailed } from "./opening.ts";
import { WhatwgSocket } from "./web-socket.ts";
import type { JsRequest, WebSocketLike } from "./web-socket-like.ts";

/** As much of a refusal's body as is kept. */
const bodyBytes = 4096;

interface UpgradeResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly webSocket?: (WebSocketLike & { accept(): void }) | null;
  text(): Promise<string>;
}

/** What is used of `fetch` in Cloudflare Workers. */
export type Fetch = (
  url: string,
  init: {
    readonly headers: Record<string, string>;
    readonly redirect: "manual";
    readonly signal: AbortSignal;
  },
) => Promise<UpgradeResponse>;

/** Opens a connection by `fetch`, which in Workers takes headers and shows the answer. */
export async function openByFetch(fetch: Fetch, request: JsRequest, opening: Opening): Promise<Opened> {
  const { attempt, safeUrl, listen } = opening;
  const { signal } = attempt;
  const headers: Record<string, string> = { ...request.headers, Upgrade: "websocket" };
  if (request.subprotocols.length > 0) headers["Sec-WebSocket-Protocol"] = request.subprotocols.join(", ");
  let response: UpgradeResponse;
  try {
    // Followed, it would take the headers, and whatever secret is in them, to where the server likes.
    response = await fetch(request.url.replace(/^ws/, "http"), { headers, redirect: "manual", signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw openingFailed(safeUrl, cause);
  }
  const { status, webSocket } = response;
  if (webSocket === undefined || webSocket === null) {
    const body = (await response.text()).slice(0, bodyBytes);
    throw new HandshakeError(`${safeUrl} answered with status ${status} instead of 101`, {
      status,
      headers: response.headers,
      body,
      url: safeUrl,
    });
  }
  const socket = new WhatwgSocket(webSocket, ignored);
  socket.listener = listen(socket);
  // It is open already, and its events begin with this.
  webSocket.accept();
  // The socket itself does not know it here.
  const subprotocol = response.headers.get("sec-websocket-protocol") ?? "";
  return { subprotocol, response };
}

/** Nothing comes before `accept`. */
const ignored: MessageListener = {
  message: () => undefined,
  closed: () => undefined,
  failed: () => undefined,
};
