// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "../../protocol/bytes.ts";
import { HandshakeError } from "../../protocol/errors.ts";
import { observe } from "../../session/waiting.ts";
import type { Opened, Opening } from "../messages/message-engine.ts";
import type { MessageListener } from "../messages/message-socket.ts";
import { openingFailed } from "./opening.ts";
import { WhatwgSocket } from "./web-socket.ts";
import type { JsRequest, WebSocketLike } from "./web-socket-like.ts";

/** As much of a refusal's body as is kept. */
const bodyBytes = 4096;

interface UpgradeResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly webSocket?: (WebSocketLike & { accept(): void }) | null;
  readonly body: { getReader(): BodyReader } | null;
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }>;
  cancel(): Promise<void>;
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
    const body = await beginningOf(response.body);
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

/** Not all of it: it may have no end. */
async function beginningOf(body: UpgradeResponse["body"]): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const bytes = new Uint8Array(bodyBytes);
  let size = 0;
  try {
    while (size < bodyBytes) {
      const { done, value } = await reader.read();
      if (done || value === undefined) break;
      const part = value.subarray(0, bodyBytes - size);
      bytes.set(part, size);
      size += part.length;
    }
  } catch {
    // What is there has to do.
  }
  observe(reader.cancel());
  return decodeUtf8(bytes.subarray(0, size));
}

/** Nothing comes before `accept`. */
const ignored: MessageListener = {
  message: () => undefined,
  closed: () => undefined,
  failed: () => undefined,
};
