// SPDX-License-Identifier: Apache-2.0
import { Frame } from "../protocol/frame.ts";

/** For less, fresh memory is as good; and more is not kept, for the whole process. */
const leastBytes = 64 * 1024;
const mostBytes = 2 * 2 ** 20;

/** Memory of a copy that is needed no more: fresh memory costs two to four times as much as the copying (Node 20, 1 MiB). */
let spare: Uint8Array | null = null;

/** A copy of a frame that has to wait, as its memory is the caller's again when the call returns. */
export function waiting(frame: Frame): Frame {
  const { size } = frame;
  const memory = spare;
  if (frame.type !== "binary" || memory === null || memory.length < size || memory.length > 2 * size)
    return frame.copy();
  spare = null;
  memory.set(frame.data);
  return new Frame.Binary(memory.subarray(0, size), frame);
}

/** Says that a frame of {@link waiting} was sent, and that nobody looks at it any more. */
export function hasWaited({ type, data }: Frame): void {
  const { byteLength } = data.buffer;
  if (type === "binary" && byteLength >= leastBytes && byteLength <= mostBytes)
    spare = new Uint8Array(data.buffer);
}
