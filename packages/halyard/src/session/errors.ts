// SPDX-License-Identifier: Apache-2.0
import { type ErrorContext, HalyardError } from "../protocol/errors.ts";
import type { Frame } from "../protocol/frame.ts";
import type { SchemaIssue } from "./standard-schema.ts";

/** The network failed: name resolution, a refused or reset connection, an end without a Close frame. */
export class ConnectionError extends HalyardError {
  override readonly name: string = "ConnectionError";
  readonly code: "ERR_HALYARD_CONNECTION" | "ERR_HALYARD_TLS" = "ERR_HALYARD_CONNECTION";
}

/** TLS failed: an untrusted or wrong certificate, no common version, no TLS on the other side. */
export class TlsError extends ConnectionError {
  override readonly name: string = "TlsError";
  override readonly code = "ERR_HALYARD_TLS";
  /** Why, as the platform names it, for example `CERT_HAS_EXPIRED`. */
  readonly reason: string | undefined;

  constructor(message: string, reason: string | undefined, context?: ErrorContext) {
    super(message, { phase: "tls", ...context });
    this.reason = reason;
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
