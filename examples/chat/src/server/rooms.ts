// SPDX-License-Identifier: Apache-2.0
import type { Bus } from "../bus/bus.js";
import type { RoomEvent } from "../shared/protocol.js";

/** Somebody who is told what happens in a room. */
export interface Listener {
  /** @param text - the event as JSON, which is made once for all */
  tell(event: RoomEvent, text: string): void;
}

interface LocalRoom {
  readonly listeners: Set<Listener>;
  readonly unsubscribe: Promise<() => Promise<void>>;
}

/** The rooms that members of this process are in: each has one subscription, however many they are. */
export class Rooms {
  readonly #bus: Bus;
  readonly #rooms = new Map<string, LocalRoom>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Resolves when nothing more will be missed. */
  async listen(name: string, listener: Listener): Promise<void> {
    const room = this.#rooms.get(name) ?? this.#open(name);
    room.listeners.add(listener);
    await room.unsubscribe;
  }

  async stopListening(name: string, listener: Listener): Promise<void> {
    const room = this.#rooms.get(name);
    if (!room?.listeners.delete(listener) || room.listeners.size > 0) return;
    this.#rooms.delete(name);
    const unsubscribe = await room.unsubscribe;
    await unsubscribe();
  }

  #open(name: string): LocalRoom {
    const listeners = new Set<Listener>();
    const unsubscribe = this.#bus.subscribe(name, (event) => {
      const text = JSON.stringify(event);
      for (const listener of listeners) listener.tell(event, text);
    });
    const room = { listeners, unsubscribe };
    this.#rooms.set(name, room);
    return room;
  }
}
