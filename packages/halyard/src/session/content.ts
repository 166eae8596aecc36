// SPDX-License-Identifier: Apache-2.0
import { type BinaryData, viewOf } from "../protocol/bytes.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { Frame } from "../protocol/frame.ts";
import type { MessageParts } from "./fragments.ts";

/** Whether the content is one message in parts. */
export function areParts(content: unknown): content is MessageParts {
  return (
    typeof content === "object" &&
    content !== null &&
    Symbol.asyncIterator in content &&
    typeof content[Symbol.asyncIterator] === "function"
  );
}

/** @throws {@link InvalidArgumentError} when the content is nothing that can be sent */
export function frameOf(content: string | BinaryData | Frame): Frame {
  if (typeof content === "string") return new Frame.Text(content);
  const bytes = bytesOf(content);
  if (bytes !== null) return new Frame.Binary(bytes);
  if (typeof content === "object" && content !== null && "opcode" in content) return content;
  const kind = content === null ? "null" : typeof content;
  throw new InvalidArgumentError(
    `send takes a string, a buffer or view, a Frame or an async iterable, not ${kind}`,
  );
}

/** The bytes of a buffer or view; null for anything else. */
export function bytesOf(content: unknown): Uint8Array | null {
  if (ArrayBuffer.isView(content) || content instanceof ArrayBuffer) return viewOf(content);
  const isShared = typeof SharedArrayBuffer !== "undefined" && content instanceof SharedArrayBuffer;
  return isShared ? viewOf(content) : null;
}
