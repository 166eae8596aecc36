// SPDX-License-Identifier: Apache-2.0
import type { ChatMessage, RoomEvent } from "../shared/protocol.js";

/** One connection of somebody who is present. A name may be there more than once: two tabs, or a connection that hangs. */
export interface Presence {
  readonly id: string;
  readonly name: string;
}

/**
 * What the server's processes have in common: who is in which room, what was said there, and what happens there now.
 * One process has an {@link InProcessBus}, several share a `RedisBus`.
 */
export interface Bus {
  /** Whether it can be used now. */
  readonly isReady: boolean;
  /**
   * Tells what happens in a room from now on, in order, messages with growing ids.
   *
   * @returns what ends it
   */
  subscribe(room: string, listener: (event: RoomEvent) => void): Promise<() => Promise<void>>;
  /**
   * Adds to who is present. Others are told when the name was not there before.
   *
   * @returns the names of all who are present
   */
  enter(room: string, presence: Presence): Promise<string[]>;
  /** Takes away again. Others are told when the name is there no more. */
  leave(room: string, presence: Presence): Promise<void>;
  /** Adds to the room's history, and tells all subscribers. */
  post(room: string, name: string, text: string): Promise<void>;
  /** The messages after the one with the id `since` that are still known, the oldest first. */
  history(room: string, since: number): Promise<ChatMessage[]>;
  /** The rooms where somebody is. */
  rooms(): Promise<string[]>;
  close(): Promise<void>;
}

/** How many messages of a room are kept. */
export const historyLength = 100;
