// SPDX-License-Identifier: Apache-2.0
import { ownOptions } from "./given.ts";

/** What was being done when an error happened. */
export type Phase = "dns" | "connect" | "proxy" | "tls" | "upgrade" | "open" | "closing";

/** How long an opening handshake took, in milliseconds: the phases that it came to, and all of it. */
export interface HandshakeTimings {
  /** Resolving the name. */
  readonly dns?: number;
  /** Connecting, whatever number of addresses that took. */
  readonly connect?: number;
  /** The way to and through a proxy. */
  readonly proxy?: number;
  readonly tls?: number;
  /** From the request to the answer. */
  readonly upgrade?: number;
  /** From the call to the session, or the error. Unknown on a server. */
  readonly total?: number;
}

/** What every {@link HalyardError} can carry besides its message. */
export interface ErrorContext {
  /** What was being done. */
  readonly phase?: Phase | undefined;
  /** The URL concerned. It must already be free of secrets. */
  readonly url?: string | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for("halyard.error") as never;

/**
 * The root of every error that Halyard makes. `code` is stable across releases and narrows the union
 * `AnyHalyardError`; messages are for people and may change.
 *
 * Abort reasons are never wrapped: what `signal.reason` holds is what is thrown.
 */
export abstract class HalyardError extends Error {
  /** Which error it is, for programs. */
  abstract readonly code: `ERR_HALYARD_${string}`;
  /** The class's name, as a literal: a bundler may rename the class. */
  abstract override readonly name: string;
  /** What was being done, where that is known. */
  readonly phase: Phase | undefined;
  /** The URL concerned, without user information; a query is shown as `?...`. */
  readonly url: string | undefined;
  /** How long the phases took, where it is an opening handshake that failed. */
  readonly timings: HandshakeTimings | undefined;

  constructor(message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.phase = context.phase;
    this.url = context.url;
  }

  /** Adds where it happened, which the layer that found it could not know. @internal */
  locate(place: { readonly phase: Phase; readonly url: string | undefined }): this {
    return Object.assign(this, { phase: place.phase, url: this.url ?? place.url });
  }

  /** Adds how long it took to fail. @internal */
  timed(timings: HandshakeTimings): void {
    Object.assign(this, { timings });
  }

  /** Tells a Halyard error from any other value, also across copies of the library and realms. */
  static is(value: unknown): value is HalyardError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
// Set here since a computed member in an exported class is not allowed under isolatedDeclarations.
Object.defineProperty(HalyardError.prototype, brand, { value: true });

/** The caller passed something that cannot be used: an option, a URL, a frame that must not be sent. */
export class InvalidArgumentError extends HalyardError {
  override readonly name: string = "InvalidArgumentError";
  readonly code = "ERR_HALYARD_INVALID_ARGUMENT";
}

/** The peer broke a rule of RFC 6455 or of a negotiated extension on an open connection. */
export class ProtocolViolationError extends HalyardError {
  override readonly name: string = "ProtocolViolationError";
  readonly code = "ERR_HALYARD_PROTOCOL_VIOLATION";
  /** The close code that was sent to the peer: 1002 (protocol error) or 1007 (invalid UTF-8). */
  readonly closeCode: number;

  constructor(message: string, closeCode: number, context?: ErrorContext) {
    super(message, { phase: "open", ...context });
    this.closeCode = closeCode;
  }
}

/** The peer sent a frame or message larger than a limit allows. The connection was closed with 1009. */
export class FrameTooBigError extends HalyardError {
  override readonly name: string = "FrameTooBigError";
  readonly code = "ERR_HALYARD_FRAME_TOO_BIG";
  /** The close code that was sent to the peer. */
  readonly closeCode = 1009;
  /** Which option set the limit. */
  readonly limitName: "maxFrameSize" | "maxMessageSize" | "maxFragments";
  /** What is allowed: bytes, or fragments for `maxFragments`. */
  readonly limit: number;
  /** The size that was announced or reached: bytes, or fragments for `maxFragments`. */
  readonly size: number;

  constructor(limitName: FrameTooBigError["limitName"], size: number, limit: number, context?: ErrorContext) {
    super(
      `the peer's ${limitName === "maxFrameSize" ? "frame" : "message"} reaches ${size}, and ${limitName} is ${limit}`,
      {
        phase: "open",
        ...context,
      },
    );
    this.limitName = limitName;
    this.size = size;
    this.limit = limit;
  }
}

/** What is known of the answer that made a handshake fail. */
export interface HandshakeErrorContext extends ErrorContext {
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  readonly body?: string | undefined;
}

/** The server's answer to the opening handshake is a refusal, or breaks RFC 6455 section 4 or HTTP/1.1. */
export class HandshakeError extends HalyardError {
  override readonly name: string = "HandshakeError";
  readonly code = "ERR_HALYARD_HANDSHAKE";
  /** The HTTP status, if a status line was read. */
  readonly status: number | undefined;
  readonly #headers: Headers | undefined;
  /**
   * The first 4 KiB of the answer's body, decoded as UTF-8, as far as it came with the head or shortly behind it: the
   * Cio engine waits up to 100 ms for the rest.
   */
  readonly body: string | undefined;

  constructor(message: string, context: HandshakeErrorContext = {}) {
    super(message, { phase: "upgrade", ...context });
    const { status, headers, body } = ownOptions(context);
    this.status = status;
    this.#headers = headers;
    this.body = body;
  }

  /** Those of the answer. A getter, so that no cookie or redirect among them is printed with the error. */
  get headers(): Headers | undefined {
    return this.#headers;
  }
}
