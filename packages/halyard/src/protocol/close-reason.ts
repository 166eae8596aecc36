// SPDX-License-Identifier: Apache-2.0
import { encodeUtf8, truncateUtf8 } from "./bytes.ts";
import { InvalidArgumentError } from "./errors.ts";
import { shown } from "./given.ts";

/** RFC 6455 section 5.5: 125 bytes of a control frame, less two for the code. */
const maxMessageBytes = 123;

/** The names of the registered close codes (RFC 6455 section 7.4.1 and the IANA registry). */
export interface CloseCodes {
  /** All is done. */
  readonly NORMAL: 1000;
  /** A server shuts down, a client or a page goes away. */
  readonly GOING_AWAY: 1001;
  /** The other side broke the protocol. */
  readonly PROTOCOL_ERROR: 1002;
  /** A type of message that the receiver does not take, such as binary where only text is understood. */
  readonly CANNOT_ACCEPT: 1003;
  /** Never on the wire: the peer's Close frame had no code. */
  readonly NO_STATUS: 1005;
  /** Never on the wire: the connection ended without a Close frame. */
  readonly CLOSED_ABNORMALLY: 1006;
  /** Content that does not fit its type, such as text that is not UTF-8. */
  readonly NOT_CONSISTENT: 1007;
  /** Refused by a rule for which there is no other code. */
  readonly VIOLATED_POLICY: 1008;
  /** A frame or message larger than the receiver takes. */
  readonly TOO_BIG: 1009;
  /** A client needed an extension that the server did not accept. */
  readonly NO_EXTENSION: 1010;
  /** The side that closes has failed. */
  readonly INTERNAL_ERROR: 1011;
  /** The server restarts: come back soon. */
  readonly SERVICE_RESTART: 1012;
  /** The server is overloaded. */
  readonly TRY_AGAIN_LATER: 1013;
  /** A gateway got no usable answer from the server behind it. */
  readonly BAD_GATEWAY: 1014;
}

/** A reason to close with, as it is given. A {@link CloseReason} is one as well. */
export interface CloseReasonInit {
  readonly code: number;
  /** For people who read logs, at most 123 bytes of UTF-8. @defaultValue empty */
  readonly message?: string | undefined;
}

/**
 * Why a session ended, or is to end. Ktor: `io.ktor.websocket.CloseReason`.
 *
 * It can hold any code that was observed; only `Frame.Close` and `session.close()` refuse what must not be sent.
 */
export class CloseReason {
  /** The registered codes by name. */
  static readonly Codes: CloseCodes = {
    NORMAL: 1000,
    GOING_AWAY: 1001,
    PROTOCOL_ERROR: 1002,
    CANNOT_ACCEPT: 1003,
    NO_STATUS: 1005,
    CLOSED_ABNORMALLY: 1006,
    NOT_CONSISTENT: 1007,
    VIOLATED_POLICY: 1008,
    TOO_BIG: 1009,
    NO_EXTENSION: 1010,
    INTERNAL_ERROR: 1011,
    SERVICE_RESTART: 1012,
    TRY_AGAIN_LATER: 1013,
    BAD_GATEWAY: 1014,
  };

  readonly code: number;
  /** For people who read logs; empty when there was none. */
  readonly message: string;

  /**
   * @param message - at most 123 bytes of UTF-8
   * @throws {@link InvalidArgumentError} when the code is no 16-bit number, or the message no string or too long
   */
  constructor(code: number, message = "") {
    if (!Number.isInteger(code) || code < 0 || code > 0xffff) {
      throw new InvalidArgumentError(`close code ${shown(code)} is not an integer between 0 and 65535`);
    }
    if (typeof message !== "string") throw new InvalidArgumentError("a close message is not a string");
    const size = encodeUtf8(message).length;
    if (size > maxMessageBytes) {
      throw new InvalidArgumentError(
        `close message of ${size} bytes is longer than the ${maxMessageBytes} that a Close frame can hold`,
      );
    }
    this.code = code;
    this.message = message;
  }

  /** A reason whose message is cut, between characters, to what a Close frame can hold. */
  static truncated(code: number, message: string): CloseReason {
    return new CloseReason(code, truncateUtf8(message, maxMessageBytes));
  }

  /** The name of the code in {@link CloseReason.Codes}, or null. */
  get knownReason(): keyof CloseCodes | null {
    for (const [name, code] of Object.entries(CloseReason.Codes)) {
      if (code === this.code) return name as keyof CloseCodes;
    }
    return null;
  }

  toString(): string {
    return `CloseReason(${this.knownReason ?? this.code}, ${JSON.stringify(this.message)})`;
  }
}

/**
 * Whether a Close frame may carry the code: RFC 6455 section 7.4. 1004, 1005, 1006 and 1015 are reserved, 1016 to 2999
 * are unassigned, and 5000 upward have no meaning.
 */
export function mayBeSent(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}
