// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError, ProtocolViolationError } from "./errors.ts";
import type { EncodeOptions, MessageCodec, ReservedBits, WebSocketExtension } from "./extension.ts";
import { Frame, wholeFromWire } from "./frame.ts";
import { frameOptions, reservedBits } from "./reserved-bits.ts";
import { isUtf8 } from "./utf8.ts";

type DataFrame = Frame.Text | Frame.Binary;

/** An extension together with the bits it has claimed. */
export interface NegotiatedExtension {
  readonly extension: WebSocketExtension;
  readonly reserves: ReservedBits;
}

/** What the negotiated extensions of one connection do to messages. At most one of them has a codec. */
export class MessageExtensions {
  /** Of all connections that have agreed on none. */
  static readonly none: MessageExtensions = new MessageExtensions([], "client");
  /** The bits that the first frame of a message may have. */
  readonly reserved: number;
  readonly codec: MessageCodec | null;
  readonly #chain: readonly WebSocketExtension[];

  /** @throws {@link InvalidArgumentError} when two of them have a codec */
  constructor(negotiated: readonly NegotiatedExtension[], role: "client" | "server") {
    this.#chain = negotiated.map(({ extension }) => extension);
    this.reserved = negotiated.reduce((bits, { reserves }) => bits | reservedBits(reserves), 0);
    const codecs = this.#chain.flatMap((extension) => extension.codec?.(role) ?? []);
    if (codecs.length > 1) throw new InvalidArgumentError("two of the negotiated extensions have a codec");
    this.codec = codecs[0] ?? null;
  }

  /** The bits that a frame of the user's may have: those of the codec are the codec's to set. */
  get settable(): number {
    return this.reserved & ~(this.codec?.rsv ?? 0);
  }

  /** Whether messages may come in pieces: not where an extension wants to see them whole. */
  get canStream(): boolean {
    return this.#chain.every((extension) => extension.processIncoming === undefined);
  }

  /** Whether an assembled frame needs {@link decode} before {@link receive}. */
  isEncoded(frame: DataFrame): boolean {
    return this.codec !== null && (reservedBits(frame) & this.codec.rsv) !== 0;
  }

  /** Whether the message that begins with the frame is to be encoded. */
  encodes(frame: DataFrame, options: EncodeOptions | undefined): boolean {
    return this.codec?.encodes(frame, options) ?? false;
  }

  /** What an encoded message is, once its payload has been decoded. */
  decoded(frame: DataFrame, payload: Uint8Array): DataFrame {
    const rest = reservedBits(frame) & ~(this.codec?.rsv ?? 0);
    const options = frameOptions(frame.fin, rest);
    return frame.type === "text" ? new Frame.Text(payload, options) : new Frame.Binary(payload, options);
  }

  /**
   * Runs a message through the extensions on its way in. Text that came encoded is checked here, since it could not be
   * while it arrived.
   *
   * @throws {@link ProtocolViolationError} with 1007
   */
  receive(frame: DataFrame): DataFrame {
    // Without extensions all was checked as it arrived.
    if (this.#chain.length === 0) return frame;
    let result = frame;
    for (const extension of this.#chain) result = extension.processIncoming?.(result) ?? result;
    if (result.type === "binary" || result.isKnownUtf8) return result;
    if (!isUtf8(result.data)) throw new ProtocolViolationError("a text message is not UTF-8", 1007);
    return reservedBits(result) === 0 ? new Frame.Text(result.data, wholeFromWire) : result;
  }

  /** Runs a frame through the extensions on its way out, the last extension first. */
  send(frame: DataFrame): DataFrame {
    let result = frame;
    for (const extension of this.#chain.toReversed()) result = extension.processOutgoing?.(result) ?? result;
    return result;
  }
}

let none: MessageExtensions | undefined;

/** Those of a connection: all that have agreed on none share one. */
export function extensionsFor(
  negotiated: readonly NegotiatedExtension[],
  role: "client" | "server",
): MessageExtensions {
  if (negotiated.length > 0) return new MessageExtensions(negotiated, role);
  none ??= new MessageExtensions([], role);
  return none;
}
