// SPDX-License-Identifier: Apache-2.0
import type { AnswerLimits } from "../../../protocol/handshake/client-handshake.ts";
import {
  ConnectHandshake,
  type ConnectHandshakeOptions,
  connectRequest,
} from "../../../protocol/handshake/connect-handshake.ts";
import type { ExtensionOffer } from "../../../protocol/handshake/header-grammar.ts";
import type { Header } from "../../../protocol/handshake/header-list.ts";
import type { Http2ByteStream } from "../../../sockets/http2-byte-stream.ts";
import type { SocketStream } from "../../../sockets/socket-stream.ts";
import type { ExchangeContext } from "../exchange.ts";
import type { Plan } from "../plan.ts";
import { type ConnectResult, connectExchange, RefusedStream } from "./connect-exchange.ts";
import { Http2Connection } from "./http2-connection.ts";
import type { Http2Origins } from "./http2-origins.ts";

/** A request as it is made over HTTP/2, checked before anything is connected. */
export class ConnectCall {
  readonly headers: readonly Header[];
  readonly #options: ConnectHandshakeOptions;

  /** @throws {@link InvalidArgumentError} */
  constructor(
    { request, target, host, dial }: Plan,
    extensions: readonly ExtensionOffer[],
    limits: AnswerLimits,
  ) {
    const { headers, subprotocols, safeUrl: url } = request;
    const scheme = dial.tls === null ? "http" : "https";
    this.#options = { target, host, headers, subprotocols, extensions, limits, scheme, url };
    this.headers = connectRequest(this.#options);
  }

  /** For one stream. */
  handshake(): ConnectHandshake {
    return new ConnectHandshake(this.#options);
  }
}

/**
 * Opens a stream on a connection that is shared. A server that has refused one, and done nothing about it, is asked once
 * more on another connection.
 *
 * @returns what `agreed` does, or where HTTP/2 cannot be used what `Http2Origins.way` does
 * @throws as `Http2Origins.way` and {@link connectExchange} do, but for {@link RefusedStream}
 */
export async function openShared<T>(
  origins: Http2Origins,
  plan: Plan,
  call: ConnectCall,
  context: ExchangeContext,
  agreed: (stream: Http2ByteStream, result: ConnectResult) => T,
): Promise<T | SocketStream | null> {
  for (let isAgain = false; ; isAgain = true) {
    const way = await origins.way(plan, context.attempt);
    if (!(way instanceof Http2Connection)) return way;
    context.attempt.entered("upgrade");
    try {
      return await connectExchange(way, call.handshake(), call.headers, context, agreed);
    } catch (error) {
      if (!(error instanceof RefusedStream)) throw error;
      way.leave();
      if (error.wantsHttp1) origins.giveUp(plan, "it wants HTTP/1.1 for this");
      else if (isAgain) throw error.error;
    }
  }
}
