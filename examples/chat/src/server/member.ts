// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { type DefaultWebSocketSession, Frame } from "halyard";
import type { Presence } from "../bus/bus.js";
import type { ChatMessage, Join, RoomEvent, ServerMessage } from "../shared/protocol.js";
import type { Listener } from "./rooms.js";

/** What happens while somebody is let in waits; more than that is not normal. */
const mostWaiting = 1_000;

/** Somebody who is connected to this process. */
export class Member implements Listener, Presence {
  readonly id = randomUUID();
  readonly name: string;
  readonly room: string;
  readonly #session: DefaultWebSocketSession;
  /** What happens before the history was sent; null when it was. */
  #waiting: [RoomEvent, string][] | null = [];
  #lastId: number;

  constructor(session: DefaultWebSocketSession, { name, room, since }: Join) {
    this.#session = session;
    this.name = name;
    this.room = room;
    this.#lastId = since;
  }

  /** Sends what was there before, and from then on what happens: each message once. */
  welcome(present: string[], messages: ChatMessage[]): void {
    this.send({ type: "welcome", room: this.room, name: this.name, present, messages });
    this.#lastId = messages.at(-1)?.id ?? this.#lastId;
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const [event, text] of waiting) this.tell(event, text);
  }

  tell(event: RoomEvent, text: string): void {
    if (event.type === "joined" && event.name === this.name) return;
    if (this.#waiting !== null) {
      if (this.#waiting.push([event, text]) > mostWaiting) this.#drop();
    } else if (event.type !== "said" || event.message.id > this.#lastId) {
      this.#give(text);
    }
  }

  send(message: ServerMessage): void {
    this.#give(JSON.stringify(message));
  }

  /** Nobody waits for somebody who reads slowly: whose queue is full is dropped. */
  #give(text: string): void {
    if (!this.#session.outgoing.trySend(new Frame.Text(text))) this.#drop();
  }

  /** A Close frame would have to wait behind all that was not read. */
  #drop(): void {
    if (this.#session.outgoing.isClosedForSend) return;
    const error = new Error(`${this.name} in ${this.room} reads too slowly and was dropped`);
    process.emitWarning(error);
    this.#session.cancel(error);
  }
}
