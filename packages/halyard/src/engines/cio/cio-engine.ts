// SPDX-License-Identifier: Apache-2.0
import type {
  Attempt,
  EngineCapability,
  EngineConnection,
  EngineRequest,
  FetchRequest,
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
import type { ByteStream } from "../../sockets/byte-stream.ts";
import { nodeKernel } from "../../sockets/node-kernel.ts";
import { nodeSha1 } from "../../sockets/node-sha1.ts";
import type { SocketStream } from "../../sockets/socket-stream.ts";
import { SocketTransport } from "../../sockets/socket-transport.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { type ExchangeContext, exchange } from "./exchange.ts";
import type { ConnectResult } from "./http2/connect-exchange.ts";
import { Http2Origins } from "./http2/http2-origins.ts";
import { ConnectCall, openShared } from "./http2/open-shared.ts";
import { type CioOptions, type ResolvedCioOptions, resolveOptions } from "./options.ts";
import type { PlainHttp } from "./plain-http.ts";
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
  readonly #http2: Http2Origins | null;
  /** Loaded when it is asked for: most programs only open sessions. */
  #http: Promise<PlainHttp> | null = null;
  readonly #streams = new Set<ByteStream>();
  /** Resolves when no stream is left. */
  #closing: Deferred<void> | null = null;
  #closed: Promise<void> | null = null;
  /** Of the last request. */
  #plan: Plan | null = null;
  readonly #disown = (stream: ByteStream): void => {
    this.#streams.delete(stream);
    this.#limit.release();
    this.#settleClosing();
  };

  constructor(options: CioOptions) {
    this.#options = resolveOptions(options);
    this.clock = this.#options.clock;
    this.#keys = new MaskingKeys(this.#options.randomBytes);
    this.#limit = new ConnectionLimit(this.#options.maxConnections);
    const { http2: mode, answerLimits: limits, clock } = this.#options;
    this.#http2 =
      mode === false ? null : new Http2Origins({ mode, limits, clock, emptied: () => this.#settleClosing() });
  }

  async open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection> {
    // Before the first packet: a request that cannot be written is the caller's fault.
    const offered = new OfferedExtensions(request.extensions);
    const plan = this.#planOf(request);
    const handshake = this.#handshake(plan, offered);
    const call =
      this.#http2 === null ? null : new ConnectCall(plan, offered.offers, this.#options.answerLimits);
    if (!this.#limit.tryAcquire()) await this.#limit.acquire(attempt);
    const context = { attempt, clock: this.clock, safeUrl: request.safeUrl };
    const shared = call === null ? null : await this.#openShared(plan, call, offered, context);
    if (shared !== null && "transport" in shared) return shared;
    const stream = await this.#connect(plan, attempt, shared);
    attempt.entered("upgrade");
    return await exchange(stream, handshake, context, (result) =>
      this.#connection(stream, request, offered, result),
    );
  }

  async fetch(request: FetchRequest): Promise<Response> {
    this.#refuseWhenClosed();
    this.#http ??= import("./plain-http.ts").then(({ PlainHttp }) => new PlainHttp(this.#options));
    return await (await this.#http).fetch(request);
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    this.#closing = new Deferred();
    for (const stream of this.#streams) stream.destroy();
    this.#http2?.destroy();
    this.#settleClosing();
    await Promise.all([this.#closing.promise, this.#http?.then((http) => http.close())]);
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

  /** Uses a place of the limit, or gives it back, or leaves it to the way by HTTP/1.1, which it then returns. */
  async #openShared(
    plan: Plan,
    call: ConnectCall,
    offered: OfferedExtensions,
    context: ExchangeContext,
  ): Promise<EngineConnection | SocketStream | null> {
    if (this.#http2 === null) return null;
    try {
      this.#refuseWhenClosed();
      return await openShared(this.#http2, plan, call, context, (stream, result) => {
        const connection = this.#connection(stream, plan.request, offered, { ...result, rest: nothing });
        this.#own(stream);
        return connection;
      });
    } catch (error) {
      this.#limit.release();
      throw error;
    }
  }

  /**
   * Uses a place of the limit, or gives it back.
   * @param opened - a socket to go on with
   */
  async #connect(
    { request, dial: options, tunnel }: Plan,
    attempt: Attempt,
    opened: SocketStream | null,
  ): Promise<SocketStream> {
    try {
      // What is open already is destroyed below.
      if (opened === null) this.#refuseWhenClosed();
      const stream =
        opened ??
        (await dialThrough(tunnel, options, {
          url: request.safeUrl,
          entered: (phase) => attempt.entered(phase),
          notice: attempt.notice,
          onAbort: (callback) => attempt.onAbort(callback),
        }));
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

  #own(stream: ByteStream): void {
    this.#streams.add(stream);
    stream.onClose = this.#disown;
  }

  #connection(
    stream: ByteStream,
    { mode, limits, safeUrl }: EngineRequest,
    offered: OfferedExtensions,
    result: ConnectResult & Pick<HandshakeResult, "rest">,
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
    if (this.#streams.size === 0 && (this.#http2?.size ?? 0) === 0) this.#closing?.resolve();
  }
}

/** One array for all connections without. */
const noExtensions: readonly WebSocketExtension[] = Object.freeze([]);
/** Behind a head of HTTP/2 nothing comes in the same piece. */
const nothing = new Uint8Array(0);

/** An extension knows what is wrong with the answer, and not whose it was. */
function accept(
  offered: OfferedExtensions,
  { extensions, response: { status, headers } }: ConnectResult,
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
