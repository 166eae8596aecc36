// SPDX-License-Identifier: Apache-2.0
import { type ErrorContext, HalyardError } from "../protocol/errors.ts";
import type { Frame } from "../protocol/frame.ts";
import { describeIssues, type SchemaIssue } from "./standard-schema.ts";

/** An address that a connection was tried to. */
export interface TriedAddress {
  /** An IP address, or the path of a Unix socket. */
  readonly address: string;
  /** Undefined for a Unix socket. */
  readonly port: number | undefined;
  /** What came of it, as the platform names it, for example `ECONNREFUSED`. */
  readonly code: string | undefined;
}

/** What is known of a connection that failed. */
export interface ConnectionErrorContext extends ErrorContext {
  readonly addresses?: readonly TriedAddress[] | undefined;
}

/** The network failed: name resolution, a refused or reset connection, an end without a Close frame. */
export class ConnectionError extends HalyardError {
  override readonly name: string = "ConnectionError";
  readonly code: "ERR_HALYARD_CONNECTION" | "ERR_HALYARD_TLS" | "ERR_HALYARD_PROXY" =
    "ERR_HALYARD_CONNECTION";
  /** Every address that could not be connected to, in the order in which they were tried. Empty where none was the reason. */
  readonly addresses: readonly TriedAddress[];

  constructor(message: string, context: ConnectionErrorContext = {}) {
    super(message, context);
    this.addresses = context.addresses ?? [];
  }
}

/** TLS failed: an untrusted or wrong certificate, no common version, no TLS on the other side. */
export class TlsError extends ConnectionError {
  override readonly name: string = "TlsError";
  override readonly code = "ERR_HALYARD_TLS";
  /** Why, as the platform names it, for example `CERT_HAS_EXPIRED`. */
  readonly reason: string | undefined;

  constructor(message: string, reason: string | undefined, context?: ConnectionErrorContext) {
    super(message, { phase: "tls", ...context });
    this.reason = reason;
  }
}

/** What is known of a proxy that did not lead to the server. */
export interface ProxyErrorContext extends ConnectionErrorContext {
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
}

/**
 * The proxy could not be reached, refused, or does not answer as a proxy does. The server was not spoken to; and what a
 * proxy answers is never taken for the server's answer, which would be a {@link HandshakeError}.
 */
export class ProxyError extends ConnectionError {
  override readonly name: string = "ProxyError";
  override readonly code = "ERR_HALYARD_PROXY";
  /** Which proxy: its URL without credentials. */
  readonly proxy: string;
  /** The HTTP status of its answer to CONNECT, or the reply code of SOCKS, where it has refused by one. */
  readonly status: number | undefined;
  /** Of its answer to CONNECT. */
  readonly headers: Headers | undefined;

  constructor(message: string, proxy: string, context: ProxyErrorContext = {}) {
    super(message, { phase: "proxy", ...context });
    this.proxy = proxy;
    this.status = context.status;
    this.headers = context.headers;
  }
}

/** A bound in time was reached. */
export class TimeoutError extends HalyardError {
  override readonly name: string = "TimeoutError";
  readonly code = "ERR_HALYARD_TIMEOUT";
  /** The bound, in milliseconds. */
  readonly milliseconds: number;

  constructor(message: string, milliseconds: number, context?: ErrorContext) {
    super(message, context);
    this.milliseconds = milliseconds;
  }
}

/** Nothing came from the peer for `pingTimeout` after a ping. The connection was closed with 1011. */
export class PingTimeoutError extends HalyardError {
  override readonly name: string = "PingTimeoutError";
  readonly code = "ERR_HALYARD_PING_TIMEOUT";
  /** How long was waited, in milliseconds. */
  readonly milliseconds: number;

  constructor(milliseconds: number, context?: ErrorContext) {
    super(`the peer sent nothing within ${milliseconds} ms after a ping`, { phase: "open", ...context });
    this.milliseconds = milliseconds;
  }
}

/** A channel has ended: nothing more can be received from it, or sent to it. */
export class ChannelClosedError extends HalyardError {
  override readonly name: string = "ChannelClosedError";
  readonly code = "ERR_HALYARD_CHANNEL_CLOSED";
}

/** A channel with `onOverflow: "close"` was full. What it held stays readable. */
export class ChannelOverflowError extends HalyardError {
  override readonly name: string = "ChannelOverflowError";
  readonly code = "ERR_HALYARD_CHANNEL_OVERFLOW";
}

/**
 * A value was to be sent or received, and no `contentConverter` is configured. Nothing was sent or taken. Ktor:
 * `WebsocketConverterNotFoundException`.
 */
export class ConverterNotFoundError extends HalyardError {
  override readonly name: string = "ConverterNotFoundError";
  readonly code = "ERR_HALYARD_CONVERTER_NOT_FOUND";

  constructor() {
    super("no converter is configured: use install(WebSockets, { contentConverter: json() })");
  }
}

/**
 * A message is not what was to be received. It has been taken, and is in `frame`; the session lives on. Ktor:
 * `WebsocketDeserializeException`.
 */
export class DeserializeError extends HalyardError {
  override readonly name: string = "DeserializeError";
  readonly code = "ERR_HALYARD_DESERIALIZE";
  readonly frame: Frame;
  /** What the schema says, if it was the schema. */
  readonly issues: readonly SchemaIssue[] | undefined;

  constructor(
    message: string,
    frame: Frame,
    context: ErrorContext & { readonly issues?: readonly SchemaIssue[] | undefined } = {},
  ) {
    super(message, { phase: "open", ...context });
    this.frame = frame;
    this.issues = context.issues;
  }
}

/** A value that was to be sent does not fit its schema. Nothing was sent. */
export class SerializeError extends HalyardError {
  override readonly name: string = "SerializeError";
  readonly code = "ERR_HALYARD_SERIALIZE";
  /** What the schema says. */
  readonly issues: readonly SchemaIssue[];

  constructor(issues: readonly SchemaIssue[]) {
    super(`the message does not fit its schema: ${describeIssues(issues)}`);
    this.issues = issues;
  }
}
