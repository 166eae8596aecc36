// SPDX-License-Identifier: Apache-2.0

import { InvalidArgumentError } from "../protocol/errors.ts";
import { ownOptions, shown } from "../protocol/given.ts";
import { checkLimit } from "./durations.ts";

/** What happens when a bounded channel is full: the sender waits, or the channel ends with an error. */
export type ChannelOverflow = "suspend" | "close";

/** How much a channel holds. Made by {@link bounded} and {@link unlimited}. Ktor: `ChannelConfig`. */
export interface ChannelBounds {
  /** How many frames; Infinity for any number. */
  readonly messages: number;
  /** How many bytes of payload; Infinity for any number. A larger frame may still enter an empty channel. */
  readonly bytes: number;
  /** What happens when it is full. */
  readonly onOverflow: ChannelOverflow;
}

/**
 * A channel that holds `messages` frames or `bytes` bytes of payload, whichever is reached first.
 *
 * @throws {@link InvalidArgumentError} for a bound that is no positive integer, or an `onOverflow` that does not exist
 */
export function bounded(options: {
  /** @defaultValue 65,536, since a message takes memory even when it is empty */
  readonly messages?: number | undefined;
  /** @defaultValue any number */
  readonly bytes?: number | undefined;
  /** @defaultValue "suspend" */
  readonly onOverflow?: ChannelOverflow | undefined;
}): ChannelBounds {
  const { messages = 65_536, bytes = Infinity, onOverflow = "suspend" } = ownOptions(options);
  if (onOverflow !== "suspend" && onOverflow !== "close") {
    throw new InvalidArgumentError(`onOverflow must be "suspend" or "close", not ${shown(onOverflow)}`);
  }
  return { messages: checkLimit("messages", messages), bytes: checkLimit("bytes", bytes), onOverflow };
}

/** A channel without a bound: memory is its only limit. Ktor's default, not ours. */
export function unlimited(): ChannelBounds {
  return { messages: Infinity, bytes: Infinity, onOverflow: "suspend" };
}
