// SPDX-License-Identifier: Apache-2.0
import type { Frame } from "../../src/protocol/frame.ts";
import type { ChannelBounds } from "../../src/session/bounds.ts";
import { Channel } from "../../src/session/channel.ts";
import type { Side } from "./side.ts";

/** A frame's header, and its masking key. */
const mostHeader = 14;
/** Pongs wait beside the channel, and have a bound of their own. */
const mostPongBytes = 16 * (125 + mostHeader);

/** Looks at what the channels of a session hold, whenever something is put into one, and notes what is above its bounds. */
export function watchBounds(side: Side, outgoing: ChannelBounds): void {
  watchOutgoing(side, outgoing);
  watchIncoming(side);
}

function watchOutgoing(side: Side, { messages, bytes }: ChannelBounds): void {
  const { transport } = side;
  const send = transport.send.bind(transport);
  transport.send = (frame, options) => {
    const isAccepted = send(frame, options);
    // Control frames of the session's own do not ask for room.
    if (isAccepted && (frame.type === "text" || frame.type === "binary")) {
      const { pendingFrames, pendingBytes } = transport.output;
      const size = frame.data.length;
      if (pendingFrames > Math.max(1, messages))
        side.faults.push(`${pendingFrames} frames wait to be written`);
      if (pendingBytes > Math.max(bytes, size) + mostHeader * pendingFrames + mostPongBytes)
        side.faults.push(`${pendingBytes} bytes wait to be written`);
    }
    return isAccepted;
  };
}

function watchIncoming(side: Side): void {
  const { incoming } = side.session;
  if (!(incoming instanceof Channel)) throw new Error("incoming is no channel that can be looked into");
  let pushed = 0;
  let pushedBytes = 0;
  let largest = 0;
  const push = incoming.push.bind(incoming) as (frame: Frame) => void;
  incoming.push = (frame: Frame) => {
    push(frame);
    pushed++;
    pushedBytes += frame.size;
    largest = Math.max(largest, frame.size);
    // Dropped, or read as streams, are frames that nobody takes from here.
    if (incoming.discarded > 0 || side.readsStreams) return;
    const { messages, bytes } = incoming.bounds;
    // What the channel holds, and as much again that was taken at once and is looked at one by one.
    const held = pushed - side.taken;
    const heldBytes = pushedBytes - side.takenBytes;
    if (held > 2 * messages) side.faults.push(`${held} frames are held in incoming`);
    if (heldBytes > 2 * Math.max(bytes, largest)) side.faults.push(`${heldBytes} bytes are held in incoming`);
  };
}
