// SPDX-License-Identifier: Apache-2.0
import type { Frame } from "../protocol/frame.ts";

/** Where a session puts what it receives: its incoming channel, unless messages are read as streams. */
export interface FrameSink {
  /** Whether the frame can be pushed now. */
  hasRoom(frame: Frame): boolean;
  /** Resolves when {@link hasRoom} may have changed. */
  room(): Promise<void>;
  push(frame: Frame): void;
  /** From now on what finds no room is dropped, and counted, instead of waited with. */
  dropWhenFull(): void;
  /** From now on everything finds room: little is left. */
  liftBounds(): void;
  /**
   * Nothing more will come. Only the first call counts.
   * @param error - what who waits gets, or a `CleanEnd`
   * @param isClean - whether a loop ends normally, instead of with the error
   */
  end(error: unknown, isClean: boolean): void;
  /** How much was dropped. */
  readonly discarded: number;
}
