// SPDX-License-Identifier: Apache-2.0
import type { ServerHttp2Stream } from "node:http2";
import { acceptanceFields, checkConnect } from "../protocol/handshake/connect-request.ts";
import type { ExtensionOffer } from "../protocol/handshake/header-grammar.ts";
import { type Header, HeaderList } from "../protocol/handshake/header-list.ts";
import {
  type AcceptedRequest,
  type Refusal,
  type RefusedHandshake,
  refusalContent,
  type ServerHandshakeOptions,
} from "../protocol/handshake/server-handshake.ts";
import { Http2ByteStream } from "../sockets/http2-byte-stream.ts";
import type { ServerOptions } from "./options.ts";
import type { SessionCarrier, SessionRequest } from "./session-request.ts";
import { upgraderFor } from "./upgrade.ts";
import type { SessionHandler } from "./upgrader.ts";

/** The stream of a `stream` event: a `ServerHttp2Stream`. */
export interface ConnectStream {
  close(code?: number): void;
}

/** The headers of a `stream` event, with the pseudo-headers. */
export type ConnectHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Answers the `stream` event of any server of `node:http2` with a session (RFC 8441). The server needs
 * `settings: { enableConnectProtocol: true }`, and no listener of `request`, which would answer the stream, too.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http2";
 * import { connectWebSocket } from "halyard/server";
 *
 * const server = createServer({ settings: { enableConnectProtocol: true } });
 * server.on("stream", (stream, headers) =>
 *   connectWebSocket(stream, headers, async (session) => {
 *     for await (const frame of session.incoming) await session.send(frame);
 *   }),
 * );
 * ```
 *
 * @returns when the session has ended, or the handshake was refused; it never rejects
 * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
 */
export function connectWebSocket(
  stream: ConnectStream,
  headers: ConnectHeaders,
  handler: SessionHandler,
  options: ServerOptions = {},
): Promise<void> {
  const upgrader = upgraderFor(options);
  return upgrader.upgrade(new Http2Request(stream as ServerHttp2Stream, headers), {
    mode: "default",
    handler,
  });
}

/** Who wants to know when a stream carries a session, and when no more. */
export interface StreamWatch {
  accepted(): void;
  released(): void;
}

/** One `stream` event. */
export class Http2Request implements SessionRequest {
  readonly headers: HeaderList;
  readonly target: string;
  readonly isTls: boolean;
  readonly #stream: ServerHttp2Stream;
  readonly #head: ConnectHeaders;
  readonly #watch: StreamWatch | undefined;

  constructor(stream: ServerHttp2Stream, head: ConnectHeaders, watch?: StreamWatch) {
    // The client may be gone already, which is not our concern here.
    stream.on("error", () => stream.destroy());
    this.headers = headerList(head);
    this.target = text(head[":path"]) ?? "";
    // By the scheme a client could say anything.
    this.isTls = stream.session?.encrypted === true;
    this.#stream = stream;
    this.#head = head;
    this.#watch = watch;
  }

  check(options: ServerHandshakeOptions): AcceptedRequest | RefusedHandshake {
    const head = this.#head;
    const request = {
      method: text(head[":method"]) ?? "",
      protocol: text(head[":protocol"]),
      authority: text(head[":authority"]),
      path: text(head[":path"]),
      headers: this.headers,
    };
    return checkConnect(request, options);
  }

  refuse(refusal: Refusal): void {
    const { headers, body } = refusalContent(refusal);
    if (!this.#respond(refusal.status, headers)) return;
    this.#stream.end(body);
  }

  accept(accepted: AcceptedRequest, extensions: readonly ExtensionOffer[]): SessionCarrier {
    this.#respond(200, acceptanceFields(accepted, extensions));
    this.#watch?.accepted();
    const stream = new Http2ByteStream(this.#stream, () => this.#watch?.released());
    return { stream, early: nothing, status: 200 };
  }

  /** @returns false when the client is gone */
  #respond(status: number, headers: readonly Header[]): boolean {
    if (this.#stream.destroyed || this.#stream.closed) return false;
    this.#stream.respond({ ":status": status, ...Object.fromEntries(headers) });
    return true;
  }
}

/** Behind a head of HTTP/2 nothing comes in the same piece. */
const nothing = new Uint8Array(0);

/** As over HTTP/1.1: the authority is the Host (RFC 9113 section 8.3.1). */
function headerList(head: ConnectHeaders): HeaderList {
  const authority = text(head[":authority"]);
  const headers = new HeaderList(authority === undefined ? [] : [["host", authority]]);
  for (const [name, value] of Object.entries(head)) {
    if (name.startsWith(":") || name === "host" || value === undefined) continue;
    for (const each of typeof value === "string" ? [value] : value) headers.add(name, each);
  }
  return headers;
}

/** A pseudo-header comes once, or its request is malformed, as the platform knows. */
function text(value: ConnectHeaders[string]): string | undefined {
  return typeof value === "string" ? value : undefined;
}
