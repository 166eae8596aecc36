// SPDX-License-Identifier: Apache-2.0
import type {
  Attempt,
  EngineCapability,
  EngineConnection,
  EngineRequest,
  HttpClientEngine,
} from "../../client/engine.ts";
import { ClientClosedError } from "../../client/errors.ts";
import { HandshakeError } from "../../protocol/errors.ts";
import type { Clock } from "../../session/clock.ts";
import type { MessageSocket } from "../messages/message-socket.ts";
import { MessageTransport } from "../messages/message-transport.ts";
import { ClosingWatch } from "./closing-watch.ts";
import type { Opened, Opening } from "./opening.ts";
import { type JsOptions, resolveOptions } from "./options.ts";
import { type Platform, platformOf } from "./platform.ts";
import { openWebSocket } from "./web-socket.ts";
import type { JsRequest } from "./web-socket-like.ts";
import { openStream } from "./web-socket-stream.ts";
import { openByFetch } from "./workers.ts";

export class JsEngine implements HttpClientEngine {
  readonly name = "Js";
  readonly capabilities: ReadonlySet<EngineCapability>;
  readonly clock: Clock;
  readonly #platform: Platform;
  readonly #transports = new Set<MessageTransport>();
  readonly #watch: ClosingWatch;
  #isClosed = false;

  constructor(options: JsOptions) {
    const resolved = resolveOptions(options);
    this.clock = resolved.clock;
    this.#watch = new ClosingWatch(this.clock);
    this.#platform = platformOf(resolved);
    this.capabilities = new Set(this.#platform.capabilities);
  }

  async open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection> {
    if (this.#isClosed) throw new ClientClosedError("the engine is closed");
    attempt.signal.throwIfAborted();
    const { safeUrl, subprotocols } = request;
    let transport: MessageTransport | undefined;
    attempt.entered("upgrade");
    const opened = await this.#connect(request, {
      attempt,
      safeUrl,
      listen: (socket) => {
        transport = new MessageTransport(socket, {
          clock: this.clock,
          engine: this.name,
          url: safeUrl,
          anyCode: this.capabilities.has("closeCodes"),
        });
        if (this.#platform.mayStayClosing === true) this.#watchClosing(socket, transport);
        return transport;
      },
    });
    if (transport === undefined) throw new TypeError("a connection is open, and nobody listens to it");
    try {
      checkSubprotocol(opened.subprotocol, subprotocols, safeUrl);
      if (this.#isClosed) throw new ClientClosedError("the engine is closed");
    } catch (error) {
      transport.dispose();
      throw error;
    }
    this.#own(transport);
    if (opened.response !== undefined) {
      attempt.notice?.({ type: "answered", url: safeUrl, status: opened.response.status });
    }
    const { response = { status: 101, headers: new Headers() }, subprotocol } = opened;
    return { transport, subprotocol, extensions: [], response };
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const transport of this.#transports) transport.dispose();
    return Promise.resolve();
  }

  #connect(request: EngineRequest, opening: Opening): Promise<Opened> {
    const { url, subprotocols, headers } = request;
    const jsRequest: JsRequest = { url: url.href, subprotocols, headers: joined(headers) };
    const way = this.#platform.way();
    switch (way.kind) {
      case "webSocket":
        return openWebSocket(() => way.create(jsRequest), opening);
      case "stream":
        return openStream(way.constructor, jsRequest, opening);
      case "fetch":
        return openByFetch(way.fetch, jsRequest, opening);
    }
  }

  #watchClosing(socket: MessageSocket, transport: MessageTransport): void {
    const release = this.#watch.add(socket, () =>
      transport.failed(new Error("the peer has closed the connection, and does not end it")),
    );
    void transport.ending.then(release);
  }

  #own(transport: MessageTransport): void {
    this.#transports.add(transport);
    void transport.ending.then(() => this.#transports.delete(transport));
  }
}

/** What platforms take is an object, in which a name comes once. */
function joined(headers: EngineRequest["headers"]): Record<string, string> {
  const all = new Headers();
  for (const [name, value] of headers) all.append(name, value);
  return Object.fromEntries(all);
}

/** RFC 6455 section 4.1. Deno, Workers and Firefox take any answer. */
function checkSubprotocol(chosen: string, offered: readonly string[], url: string): void {
  if (chosen === "" ? offered.length === 0 : offered.includes(chosen)) return;
  const what =
    chosen === ""
      ? "chose none of the subprotocols"
      : `chose ${JSON.stringify(chosen)}, which was not offered`;
  throw new HandshakeError(`the server ${what}`, { url });
}
