// SPDX-License-Identifier: Apache-2.0
import type {
  Attempt,
  EngineCapability,
  EngineConnection,
  EngineRequest,
  HttpClientEngine,
} from "../../client/engine.ts";
import { ClientClosedError } from "../../client/errors.ts";
import { Connection } from "../../protocol/connection.ts";
import { HandshakeError } from "../../protocol/errors.ts";
import type { WebSocketExtension } from "../../protocol/extension.ts";
import { OfferedExtensions } from "../../protocol/extension-negotiation.ts";
import { createKey } from "../../protocol/handshake/accept-key.ts";
import { ClientHandshake, type HandshakeResult } from "../../protocol/handshake/client-handshake.ts";
import { toHeaders } from "../../protocol/handshake/header-list.ts";
import { MaskingKeys } from "../../protocol/masking.ts";
import type { NegotiatedExtension } from "../../protocol/message-extensions.ts";
import type { Clock } from "../../session/clock.ts";
import { ResponseHead } from "../../session/handshake-call.ts";
import { Deferred } from "../../session/waiting.ts";
import { nodeKernel } from "../../sockets/node-kernel.ts";
import { nodeSha1 } from "../../sockets/node-sha1.ts";
import type { SocketStream } from "../../sockets/socket-stream.ts";
import { SocketTransport } from "../../sockets/socket-transport.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { exchange } from "./exchange.ts";
import { type CioOptions, type ResolvedCioOptions, resolveOptions } from "./options.ts";
import { Plan } from "./plan.ts";
import { dialThrough } from "./proxy/tunnel.ts";

/** Halyard's own protocol stack on sockets of the platform: `node:net` and `node:tls`. */
export class CioEngine implements HttpClientEngine {
  readonly name = "Cio";
  readonly capabilities: ReadonlySet<EngineCapability> = new Set([
    "requestHeaders",
    "handshakeResponse",
    "handshakeChecks",
    "rawFrames",
    "pingPong",
    "extensions",
    "backpressure",
    "frameLimits",
    "closeCodes",
    "receiveWhileClosing",
    "byteOrderMarks",
    "unixSockets",
    "proxies",
  ] as const);
  readonly clock: Clock;
  readonly #options: ResolvedCioOptions;
  readonly #keys: MaskingKeys;
  readonly #limit: ConnectionLimit;
  readonly #streams = new Set<SocketStream>();
  #closing: Deferred<void> | null = null;
  /** Of the last request. */
  #plan: Plan | null = null;
  readonly #disown = (stream: SocketStream): void => {
    this.#streams.delete(stream);
    this.#limit.release();
    this.#settleClosing();
  };

  constructor(options: CioOptions) {
    this.#options = resolveOptions(options);
    this.clock = this.#options.clock;
    this.#keys = new MaskingKeys(this.#options.randomBytes);
    this.#limit = new ConnectionLimit(this.#options.maxConnections);
  }

  async open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection> {
    // Before the first packet: a request that cannot be written is the caller's fault.
    const offered = new OfferedExtensions(request.extensions);
    const plan = this.#planOf(request);
    const handshake = this.#handshake(plan, offered);
    if (!this.#limit.tryAcquire()) await this.#limit.acquire(attempt);
    const stream = await this.#connect(plan, attempt);
    attempt.entered("upgrade");
    return await exchange(
      stream,
      handshake,
      { attempt, clock: this.clock, safeUrl: request.safeUrl },
      (result) => this.#connection(stream, request, offered, result),
    );
  }

  close(): Promise<void> {
    this.#closing ??= new Deferred();
    for (const stream of this.#streams) stream.destroy();
    this.#settleClosing();
    return this.#closing.promise;
  }

  #planOf(request: EngineRequest): Plan {
    if (this.#plan?.request !== request || this.#options.proxies.isDynamic) {
      this.#plan = new Plan(request, this.#options);
    }
    return this.#plan;
  }

  #handshake({ request, target, host, template }: Plan, { offers }: OfferedExtensions): ClientHandshake {
    const { safeUrl, headers, subprotocols } = request;
    const key = createKey(this.#options.randomBytes);
    return new ClientHandshake({
      target,
      host,
      key,
      headers,
      subprotocols,
      extensions: offers,
      request: template?.withKey(key),
      limits: this.#options.answerLimits,
      sha1: nodeSha1(),
      url: safeUrl,
    });
  }

  /** Uses a place of the limit, or gives it back. */
  async #connect({ request, dial: options, tunnel }: Plan, attempt: Attempt): Promise<SocketStream> {
    try {
      this.#refuseWhenClosed();
      const stream = await dialThrough(tunnel, options, {
        url: request.safeUrl,
        entered: (phase) => attempt.entered(phase),
        notice: attempt.notice,
        onAbort: (callback) => attempt.onAbort(callback),
      });
      if (this.#closing !== null) stream.destroy();
      this.#refuseWhenClosed();
      this.#own(stream);
      return stream;
    } catch (error) {
      this.#limit.release();
      throw error;
    }
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== null) throw new ClientClosedError("the engine is closed");
  }

  #own(stream: SocketStream): void {
    this.#streams.add(stream);
    stream.onClose = this.#disown;
  }

  #connection(
    stream: SocketStream,
    { mode, limits, safeUrl }: EngineRequest,
    offered: OfferedExtensions,
    result: HandshakeResult,
  ): EngineConnection {
    const { status, headers } = result.response;
    const extensions = accept(offered, result, safeUrl);
    const connection = new Connection({
      role: "client",
      mode,
      keys: this.#keys,
      limits,
      extensions,
      kernel: nodeKernel,
    });
    const transport = new SocketTransport(stream, connection, {
      masking: true,
      early: result.rest,
      url: safeUrl,
    });
    return {
      transport,
      subprotocol: result.subprotocol,
      extensions: extensions.length === 0 ? noExtensions : extensions.map(({ extension }) => extension),
      response: new ResponseHead(status, headers),
    };
  }

  #settleClosing(): void {
    if (this.#streams.size === 0) this.#closing?.resolve();
  }
}

/** One array for all connections without. */
const noExtensions: readonly WebSocketExtension[] = Object.freeze([]);

/** An extension knows what is wrong with the answer, and not whose it was. */
function accept(
  offered: OfferedExtensions,
  { extensions, response: { status, headers } }: HandshakeResult,
  url: string,
): NegotiatedExtension[] {
  try {
    return offered.accept(extensions);
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    throw new HandshakeError(error.message, {
      status,
      headers: toHeaders(headers),
      url,
      cause: error.cause,
    });
  }
}
