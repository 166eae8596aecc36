// SPDX-License-Identifier: Apache-2.0
import type { ProtocolLimits } from "../protocol/connection-options.ts";
import type { Phase } from "../protocol/errors.ts";
import type { WebSocketExtension, WebSocketExtensionFactory } from "../protocol/extension.ts";
import type { Header } from "../protocol/handshake/header-list.ts";
import type { Clock } from "../session/clock.ts";
import type { DialEvent } from "../session/dial-event.ts";
import type { Transport } from "../session/transport.ts";
import type { HttpBody } from "./http-request.ts";
import type { ProxyInput } from "./proxy-options.ts";

/**
 * What an engine may be able to do:
 *
 * - `requestHeaders`: send headers with the handshake
 * - `handshakeResponse`: show status and headers of the answer
 * - `handshakeChecks`: refuse an answer with a wrong `Sec-WebSocket-Accept`, or with an extension that was not offered
 * - `rawFrames`: raw sessions, with fragments and control frames
 * - `pingPong`: send pings and see pongs
 * - `extensions`: negotiate extensions of the protocol, such as compression
 * - `backpressure`: stop reading from the peer
 * - `frameLimits`: refuse a large frame or message before it is in memory
 * - `closeCodes`: send any code that RFC 6455 lets a client send
 * - `receiveWhileClosing`: hand on what arrives after `close()` was called, until the peer has answered
 * - `byteOrderMarks`: hand on text that begins with U+FEFF as it was sent
 * - `unixSockets`: connect to a Unix socket
 * - `proxies`: connect through the proxy of a request, or in spite of proxies that are set elsewhere
 */
export type EngineCapability =
  | "requestHeaders"
  | "handshakeResponse"
  | "handshakeChecks"
  | "rawFrames"
  | "pingPong"
  | "extensions"
  | "backpressure"
  | "frameLimits"
  | "closeCodes"
  | "receiveWhileClosing"
  | "byteOrderMarks"
  | "unixSockets"
  | "proxies";

/** A handshake to be made, complete and checked. It is not to be changed: for the same URL the client may give it again. */
export interface EngineRequest {
  /** `ws:` or `wss:`, without user information and fragment. */
  readonly url: URL;
  /** The URL for messages and errors, free of secrets. */
  readonly safeUrl: string;
  /** The request's own, without those of the handshake itself. */
  readonly headers: readonly Header[];
  /** To be offered, the preferred first. */
  readonly subprotocols: readonly string[];
  /** To be offered, in this order; none for a raw session. */
  readonly extensions: readonly WebSocketExtensionFactory[];
  /** The path of a Unix socket to connect to instead of the URL's host. */
  readonly socketPath: string | undefined;
  /** The proxy for this request, which the engine checks; undefined is the engine's own choice. */
  readonly proxy: ProxyInput | undefined;
  /** Which session it is for. */
  readonly mode: "raw" | "default";
  /** What the peer may send. */
  readonly limits: ProtocolLimits;
}

/** A handshake that was made. */
export interface EngineConnection {
  readonly transport: Transport;
  /** The chosen subprotocol; empty for none. */
  readonly subprotocol: string;
  /** What was agreed on. */
  readonly extensions: readonly WebSocketExtension[];
  /** The server's answer. */
  readonly response: { readonly status: number; readonly headers: Headers };
}

/** What an engine may tell of an attempt; `answered` is by the server, to the request for `url`. */
export type EngineEvent =
  | DialEvent
  | { readonly type: "answered"; readonly url: string; readonly status: number };

/** One attempt to open a connection, as the engine sees it. */
export interface Attempt {
  /** Aborts at the deadline, when the caller gives up, or when the client is closed. */
  readonly signal: AbortSignal;
  /**
   * Calls back with the reason as soon as {@link signal} aborts, at once if it has: a listener without a signal, which is made
   * only when it is asked for and costs more than all else of an attempt. The next call replaces it; null is nobody.
   */
  onAbort(callback: ((reason: unknown) => void) | null): void;
  /** The engine tells how far it has come: a time-out names the phase. */
  entered(phase: Phase): void;
  /** Takes what else the engine can tell; undefined when nobody asks. */
  readonly notice?: ((event: EngineEvent) => void) | undefined;
}

/** A plain HTTP request, complete and checked. */
export interface FetchRequest {
  /** `http:` or `https:`, without user information and fragment. */
  readonly url: URL;
  /** The URL for messages and errors, free of secrets. */
  readonly safeUrl: string;
  readonly method: string;
  readonly headers: readonly Header[];
  readonly body: HttpBody | undefined;
  /** The path of a Unix socket to connect to instead of the URL's host. */
  readonly socketPath: string | undefined;
  /** The proxy for this request, which the engine checks; undefined is the engine's own choice. */
  readonly proxy: ProxyInput | undefined;
  /** As `fetch` has it. */
  readonly redirect: "manual" | "follow";
  /** Aborts the request, and later the reading of the body. */
  readonly signal: AbortSignal;
}

/** Opens connections. Ktor: `HttpClientEngine`. */
export interface HttpClientEngine {
  readonly name: string;
  /** What it can do on this platform; what it cannot is refused before it is asked. */
  readonly capabilities: ReadonlySet<EngineCapability>;
  /** The time by which everything that goes through this engine lives. */
  readonly clock: Clock;
  /**
   * Opens a connection. When it rejects nothing is left open. It rejects with `attempt.signal.reason` as soon as that
   * aborts.
   */
  open(request: EngineRequest, attempt: Attempt): Promise<EngineConnection>;
  /**
   * Sends plain HTTP in the way that the engine's options ask for: TLS, proxies. Without it the platform's `fetch` does.
   * @throws {@link ConnectionError}, {@link TlsError}, or the reason of an abort
   */
  fetch?(request: FetchRequest): Promise<Response>;
  /** Drops what is still open and resolves when all of it is released. Idempotent. */
  close(): Promise<void>;
}

/** Makes an engine: what a client is constructed with. Ktor: `HttpClientEngineFactory`. */
export interface HttpClientEngineFactory<Options> {
  readonly name: string;
  /** @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used */
  create(options?: Options): HttpClientEngine;
}
