// SPDX-License-Identifier: Apache-2.0
import { type BinaryData, noBytes } from "../protocol/bytes.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { Frame } from "../protocol/frame.ts";
import { bytesOf } from "./content.ts";

/** The content of one message in parts: strings, which make a text message, or bytes, which make a binary one. */
export type MessageParts = AsyncIterable<string> | AsyncIterable<BinaryData>;

/** Makes the fragments of one message (RFC 6455 section 5.4) of its parts. */
export class Fragments {
  #type: "text" | "binary" | null = null;
  /** The first half of a character whose second half is in the next part. */
  #carry = "";

  /**
   * The fragment of one part.
   * @throws {@link InvalidArgumentError} for what is no part of this message
   */
  next(part: string | BinaryData): Frame {
    if (typeof part === "string" && this.#type !== "binary") return this.#text(part);
    const bytes = bytesOf(part);
    if (bytes !== null && this.#type !== "text") return this.#binary(bytes);
    throw new InvalidArgumentError("the parts of a message must be strings only, or buffers and views only");
  }

  /** The last fragment, which is empty so that no part had to wait for the next; null when there were no parts. */
  end(): Frame | null {
    if (this.#type === null) return null;
    return this.#type === "text" ? new Frame.Text(this.#carry) : new Frame.Binary(noBytes);
  }

  #binary(part: Uint8Array): Frame {
    this.#type = "binary";
    return new Frame.Binary(part, { fin: false });
  }

  #text(part: string): Frame {
    this.#type = "text";
    const text = this.#carry + part;
    const last = text.charCodeAt(text.length - 1);
    const isCut = last >= 0xd800 && last <= 0xdbff;
    this.#carry = isCut ? text.slice(-1) : "";
    return new Frame.Text(isCut ? text.slice(0, -1) : text, { fin: false });
  }
}
