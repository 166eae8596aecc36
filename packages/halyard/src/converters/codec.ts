// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../protocol/errors.ts";
import { Frame } from "../protocol/frame.ts";
import { shown } from "../protocol/given.ts";
import { bytesOf } from "../session/content.ts";
import { ContentConverter } from "../session/content-converter.ts";
import { checkType, pickOptions } from "../session/options.ts";

/** The two functions of a library for some format, as most of them have. */
export interface Codec {
  /** A string becomes a text message, bytes a binary one. */
  readonly encode: (value: never) => string | Uint8Array;
  /** Given the bytes of a message, which it may keep; or its text, with `messages: "text"`. */
  readonly decode: (content: never) => unknown;
  /** Which messages are decoded. @defaultValue "binary" */
  readonly messages?: "binary" | "text" | undefined;
}

/**
 * A converter for whatever format has an `encode` and a `decode`: MessagePack, CBOR, Protocol Buffers. Ktor:
 * `KotlinxWebsocketSerializationConverter` with a `BinaryFormat`.
 *
 * @example
 * ```ts
 * import { decode, encode } from "@msgpack/msgpack";
 * import { codec, HttpClient, WebSockets } from "halyard";
 *
 * const client = new HttpClient().install(WebSockets, { contentConverter: codec({ encode, decode }) });
 * ```
 *
 * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
 */
export function codec(options: Codec): ContentConverter {
  const {
    encode,
    decode,
    messages = "binary",
  } = pickOptions<Codec>("codec", options, ["encode", "decode", "messages"]);
  checkType("codec.encode", encode, "function");
  checkType("codec.decode", decode, "function");
  if (messages !== "binary" && messages !== "text") {
    throw new InvalidArgumentError(`codec.messages is "binary" or "text", not ${shown(messages)}`);
  }
  return new CodecConverter(encode, decode, messages);
}

class CodecConverter extends ContentConverter {
  readonly #encode: (value: unknown) => unknown;
  readonly #decode: (content: string | Uint8Array) => unknown;
  readonly #messages: "binary" | "text";

  /** The types are the codec's business: it is given what the caller sends, and what the peer has sent. */
  constructor(encode: unknown, decode: unknown, messages: "binary" | "text") {
    super();
    this.#encode = encode as (value: unknown) => unknown;
    this.#decode = decode as (content: string | Uint8Array) => unknown;
    this.#messages = messages;
  }

  override serialize(value: unknown): Frame {
    return frameOfEncoded(this.#encode(value));
  }

  override isApplicable(frame: Frame): boolean {
    return frame.type === this.#messages;
  }

  override deserialize(frame: Frame): unknown {
    return this.#decode(frame.type === "text" ? frame.readText() : frame.readBytes());
  }
}

function frameOfEncoded(encoded: unknown): Frame {
  if (typeof encoded === "string") return new Frame.Text(encoded);
  const bytes = bytesOf(encoded);
  if (bytes !== null) return new Frame.Binary(bytes);
  throw new InvalidArgumentError(`codec.encode gave neither a string nor bytes, but ${typeof encoded}`);
}
