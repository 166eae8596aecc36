// SPDX-License-Identifier: Apache-2.0
import type { ChatMessage, RoomEvent } from "../shared/protocol.js";

/**
 * What is told of a room, without gaps: while the connection to Redis was lost nothing was told, and is read from the
 * history when it is back.
 */
export class Subscription {
  readonly #history: (since: number) => Promise<ChatMessage[]>;
  readonly #listener: (event: RoomEvent) => void;
  /** Undefined until it is known which message was the last before the subscription. */
  #lastId: number | undefined;
  /** What comes while the history is read waits for it. */
  #turn: Promise<void> = Promise.resolve();

  constructor(history: (since: number) => Promise<ChatMessage[]>, listener: (event: RoomEvent) => void) {
    this.#history = history;
    this.#listener = listener;
  }

  receive(event: RoomEvent): void {
    this.#turn = this.#turn.then(() => this.#tell(event));
  }

  /** Tells what was missed. The first time it only finds out where to begin. It never rejects. */
  catchUp(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      try {
        const messages = await this.#history(this.#lastId ?? 0);
        if (this.#lastId === undefined) this.#lastId = messages.at(-1)?.id ?? 0;
        else for (const message of messages) this.#tell({ type: "said", message });
      } catch (error) {
        // Redis is away again; it is tried again when it is back.
        process.emitWarning(error as Error);
      }
    });
    return this.#turn;
  }

  #tell(event: RoomEvent): void {
    if (event.type === "said") {
      if (event.message.id <= (this.#lastId ?? 0)) return;
      this.#lastId = event.message.id;
    }
    this.#listener(event);
  }
}
