// SPDX-License-Identifier: Apache-2.0
import type { ChatMessage, RoomEvent } from "../shared/protocol.js";

/**
 * What is told of a room, without gaps: nothing is told while the connection to Redis is lost, and so that is read from
 * the history before what is told after it.
 */
export class Subscription {
  readonly #history: (since: number) => Promise<ChatMessage[]>;
  readonly #listener: (event: RoomEvent) => void;
  /** Undefined until it is known which message was the last before the subscription. */
  #lastId: number | undefined;
  /** What comes now waits for all that is before it. */
  #turn: Promise<void> = Promise.resolve();
  /** Lets go on what is held. */
  #releases: (() => void)[] = [];

  /** It holds until the first {@link catchUp}. */
  constructor(history: (since: number) => Promise<ChatMessage[]>, listener: (event: RoomEvent) => void) {
    this.#history = history;
    this.#listener = listener;
    this.hold();
  }

  /** Keeps what comes from now on until the next {@link catchUp}. */
  hold(): void {
    if (this.#releases.length > 0) return;
    const held = new Promise<void>((release) => this.#releases.push(release));
    this.#turn = this.#turn.then(() => held);
  }

  receive(event: RoomEvent): void {
    this.#turn = this.#turn.then(() => this.#tell(event));
  }

  /**
   * Tells what was missed, and then what was held. The first time it finds out where to begin.
   *
   * @throws when the history cannot be read; what was held is kept for the next time
   */
  async catchUp(): Promise<void> {
    const releases = this.#releases;
    this.#releases = [];
    try {
      const messages = await this.#history(this.#lastId ?? 0);
      if (this.#lastId === undefined) this.#lastId = messages.at(-1)?.id ?? 0;
      else for (const message of messages) this.#tell({ type: "said", message });
    } catch (error) {
      this.#releases.unshift(...releases);
      throw error;
    }
    for (const release of releases) release();
  }

  #tell(event: RoomEvent): void {
    if (event.type === "said") {
      if (event.message.id <= (this.#lastId ?? 0)) return;
      this.#lastId = event.message.id;
    }
    this.#listener(event);
  }
}
