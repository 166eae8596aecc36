// SPDX-License-Identifier: Apache-2.0
import { type BinaryData, viewOf } from "../protocol/bytes.ts";
import { InvalidArgumentError } from "../protocol/errors.ts";
import { Frame } from "../protocol/frame.ts";

/** @throws {@link InvalidArgumentError} when the content is nothing that can be sent */
export function frameOf(content: string | BinaryData | Frame): Frame {
  if (typeof content === "string") return new Frame.Text(content);
  if (ArrayBuffer.isView(content) || isBuffer(content)) return new Frame.Binary(viewOf(content));
  if (typeof content === "object" && content !== null && "opcode" in content) return content;
  const kind = content === null ? "null" : typeof content;
  throw new InvalidArgumentError(`send takes a string, a buffer or view, or a Frame, not ${kind}`);
}

function isBuffer(content: unknown): content is ArrayBufferLike {
  return (
    content instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer !== "undefined" && content instanceof SharedArrayBuffer)
  );
}
