// SPDX-License-Identifier: Apache-2.0
import type { EngineCapability, EngineRequest } from "../../client/engine.ts";
import type { Clock } from "../../session/clock.ts";
import type { MessageBinding, Opened, Opening } from "../messages/message-engine.ts";
import type { MessageSocket } from "../messages/message-socket.ts";
import type { MessageTransport } from "../messages/message-transport.ts";
import { ClosingWatch } from "./closing-watch.ts";
import { type JsOptions, resolveOptions } from "./options.ts";
import { type Platform, platformOf } from "./platform.ts";
import { openWebSocket } from "./web-socket.ts";
import type { JsRequest } from "./web-socket-like.ts";
import { openStream } from "./web-socket-stream.ts";
import { openByFetch } from "./workers.ts";

/** The platform's own WebSocket, whichever it is. */
export class JsBinding implements MessageBinding {
  readonly name = "Js";
  readonly capabilities: ReadonlySet<EngineCapability>;
  readonly clock: Clock;
  readonly #platform: Platform;
  readonly #watch: ClosingWatch;

  constructor(options: JsOptions) {
    const resolved = resolveOptions(options);
    this.clock = resolved.clock;
    this.#watch = new ClosingWatch(this.clock);
    this.#platform = platformOf(resolved);
    this.capabilities = new Set(this.#platform.capabilities);
  }

  connect(request: EngineRequest, opening: Opening): Promise<Opened> {
    opening.attempt.entered("upgrade");
    return this.#connect(
      request,
      this.#platform.mayStayClosing === true
        ? { ...opening, listen: (socket) => this.#watchClosing(socket, opening.listen(socket)) }
        : opening,
    );
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

  #watchClosing(socket: MessageSocket, transport: MessageTransport): MessageTransport {
    const release = this.#watch.add(socket, () =>
      transport.failed(new Error("the peer has closed the connection, and does not end it")),
    );
    void transport.ending.then(release);
    return transport;
  }
}

/** What platforms take is an object, in which a name comes once. */
function joined(headers: EngineRequest["headers"]): Record<string, string> {
  const all = new Headers();
  for (const [name, value] of headers) all.append(name, value);
  return Object.fromEntries(all);
}
