// SPDX-License-Identifier: Apache-2.0
import type { CancelTimer, Clock } from "../../session/clock.ts";
import type { MessageSocket } from "../messages/message-socket.ts";

/** Between two looks, in milliseconds. Who is closing at both has had time to end. */
const period = 2_000;

/**
 * Finds the connections whose peer has sent a Close frame and does not end them. Node tells of the frame only when the
 * connection has ended, which may be never.
 */
export class ClosingWatch {
  readonly #clock: Clock;
  readonly #watched = new Map<MessageSocket, { wasClosing: boolean; readonly giveUp: () => void }>();
  #cancelLook: CancelTimer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param giveUp - called once when it stays. @returns what ends the watch */
  add(socket: MessageSocket, giveUp: () => void): () => void {
    this.#watched.set(socket, { wasClosing: false, giveUp });
    if (this.#cancelLook === null) this.#lookLater();
    return () => {
      this.#watched.delete(socket);
      if (this.#watched.size > 0) return;
      this.#cancelLook?.();
      this.#cancelLook = null;
    };
  }

  #lookLater(): void {
    this.#cancelLook = this.#clock.after(period, () => {
      this.#lookLater();
      for (const [socket, state] of this.#watched) {
        const isClosing = socket.isClosing === true;
        if (isClosing && state.wasClosing) state.giveUp();
        else state.wasClosing = isClosing;
      }
    });
  }
}
