// SPDX-License-Identifier: Apache-2.0
import type { Frame } from "./frame.ts";
import type { ExtensionOffer } from "./handshake/header-grammar.ts";

/** The reserved bits of a frame's first byte (RFC 6455 section 5.2), as an extension claims them. */
export interface ReservedBits {
  readonly rsv1?: boolean | undefined;
  readonly rsv2?: boolean | undefined;
  readonly rsv3?: boolean | undefined;
}

/**
 * Something that can be negotiated for a session (RFC 6455 section 9). It stands in `extensions: [...]` of the
 * configuration; each handshake gets a fresh instance. Ktor: `WebSocketExtensionFactory`.
 */
export interface WebSocketExtensionFactory {
  /** The registered name, a token. */
  readonly name: string;
  /** The bits it needs; two extensions of one client cannot need the same. */
  readonly reserves: ReservedBits;
  readonly create: () => WebSocketExtension;
}

/** An extension in one session. Ktor: `WebSocketExtension`. */
export interface WebSocketExtension {
  readonly name: string;
  /** What a client offers, the preferred first. */
  offers(): readonly ExtensionOffer[];
  /**
   * A client looks at what the server has accepted.
   * @throws {@link HandshakeError} for an answer that breaks the extension's rules, which fails the handshake
   */
  accept(answer: ExtensionOffer): void;
  /** A server looks at the offers of its name, in order. @returns the answer, or null to decline */
  answer(offers: readonly ExtensionOffer[]): ExtensionOffer | null;
  /** The codec of payloads, if the extension changes them chunk by chunk. Called once, after the negotiation. */
  codec?(role: "client" | "server"): MessageCodec;
  /** Changes whole messages on their way out; the last extension first. Ktor: `processOutgoingFrame`. */
  processOutgoing?(frame: Frame.Text | Frame.Binary): Frame.Text | Frame.Binary;
  /** Changes whole messages on their way in, before UTF-8 is checked. Ktor: `processIncomingFrame`. */
  processIncoming?(frame: Frame.Text | Frame.Binary): Frame.Text | Frame.Binary;
}

/** Per-message wishes of who sends. */
export interface EncodeOptions {
  /** False sends the message as it is. @defaultValue what the extension decides */
  readonly compress?: boolean | undefined;
}

/** An encoded payload; or, of a whole message that encoding would not make smaller, the payload to be sent as it is. */
export type Encoded = Uint8Array | { readonly plain: Uint8Array };

/**
 * Encodes and decodes the payloads of messages, chunk by chunk, in order, each direction on its own. A result that
 * takes long is a promise; the next chunk of that direction is given only when it has settled.
 */
export interface MessageCodec {
  /** The bit that marks an encoded message on its first frame: 0x40, 0x20 or 0x10. */
  readonly rsv: number;
  /** Whether the message that begins with this frame is encoded. */
  encodes(frame: Frame.Text | Frame.Binary, options: EncodeOptions | undefined): boolean;
  /**
   * The chunk is the caller's again when the call returns.
   * @param fin - whether the chunk is the last of its message
   * @returns `plain` only for a chunk that is the whole message
   */
  encode(chunk: Uint8Array, fin: boolean): Encoded | Promise<Encoded>;
  /**
   * @param fin - whether the chunk is the last of its message
   * @param limit - how many bytes the result may have
   * @throws (or rejects with) {@link ProtocolViolationError} for what cannot be decoded, {@link FrameTooBigError} past
   * the limit, found before more than that is in memory
   */
  decode(chunk: Uint8Array, fin: boolean, limit: number): Uint8Array | Promise<Uint8Array>;
  /** Releases what is held. Whatever is under way is abandoned. */
  dispose(): void;
}
