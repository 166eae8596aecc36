// SPDX-License-Identifier: Apache-2.0
/**
 * The classes behind `Frame.Text`, `Frame.Binary`, `Frame.Close`, `Frame.Ping` and `Frame.Pong`, which are the names to use:
 * there is nothing to import from here.
 *
 * @module frames
 */
export {
  type BinaryFrame,
  type CloseFrame,
  type PingFrame,
  type PongFrame,
  type TextFrame,
} from "../packages/halyard/src/protocol/frame.ts";
