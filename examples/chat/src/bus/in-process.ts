// SPDX-License-Identifier: Apache-2.0
import type { ChatMessage, RoomEvent } from "../shared/protocol.js";
import { type Bus, historyLength, type Presence } from "./bus.js";

/** Anybody can make rooms, so the history of those that nobody is in has a bound of its own. */
const emptyRoomsKept = 100;

interface Room {
  readonly messages: ChatMessage[];
  readonly present: Map<string, string>;
  readonly listeners: Set<(event: RoomEvent) => void>;
}

/** The rooms of one process, in its memory. */
export class InProcessBus implements Bus {
  readonly isReady = true;
  /** Those that were left last are the last. */
  readonly #rooms = new Map<string, Room>();
  readonly #now: () => number;

  /** @param now - milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async subscribe(name: string, listener: (event: RoomEvent) => void): Promise<() => Promise<void>> {
    const { listeners } = this.#room(name);
    listeners.add(listener);
    return async () => {
      listeners.delete(listener);
      this.#forgetEmptyRooms(name);
    };
  }

  async enter(name: string, presence: Presence): Promise<string[]> {
    const room = this.#room(name);
    const isNew = !isThere(room, presence.name);
    room.present.set(presence.id, presence.name);
    if (isNew) tell(room, { type: "joined", name: presence.name });
    return [...new Set(room.present.values())];
  }

  async leave(name: string, presence: Presence): Promise<void> {
    const room = this.#room(name);
    if (room.present.delete(presence.id) && !isThere(room, presence.name)) {
      tell(room, { type: "left", name: presence.name });
    }
    this.#forgetEmptyRooms(name);
  }

  async post(roomName: string, name: string, text: string): Promise<void> {
    const room = this.#room(roomName);
    const message = { id: Math.max(this.#now(), (room.messages.at(-1)?.id ?? 0) + 1), name, text };
    room.messages.push(message);
    if (room.messages.length > historyLength) room.messages.shift();
    tell(room, { type: "said", message });
  }

  async history(name: string, since: number): Promise<ChatMessage[]> {
    return this.#room(name).messages.filter(({ id }) => id > since);
  }

  async rooms(): Promise<string[]> {
    return [...this.#rooms].filter(([, { present }]) => present.size > 0).map(([name]) => name);
  }

  async close(): Promise<void> {
    this.#rooms.clear();
  }

  #room(name: string): Room {
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    const room: Room = { messages: [], present: new Map(), listeners: new Set() };
    this.#rooms.set(name, room);
    return room;
  }

  #forgetEmptyRooms(left: string): void {
    const room = this.#rooms.get(left);
    if (room === undefined || !isEmpty(room)) return;
    this.#rooms.delete(left);
    if (room.messages.length > 0) this.#rooms.set(left, room);
    const empty = [...this.#rooms].filter(([, other]) => isEmpty(other));
    for (const [name] of empty.slice(0, -emptyRoomsKept)) this.#rooms.delete(name);
  }
}

function isThere({ present }: Room, name: string): boolean {
  return [...present.values()].includes(name);
}

function isEmpty({ present, listeners }: Room): boolean {
  return present.size === 0 && listeners.size === 0;
}

function tell({ listeners }: Room, event: RoomEvent): void {
  for (const listener of listeners) listener(event);
}
