// SPDX-License-Identifier: Apache-2.0
import * as v from "valibot";
import { ChatMessage, RoomEvent } from "../shared/protocol.js";
import { type Bus, historyLength, type Presence } from "./bus.js";
import { connectRedis, type RedisClients } from "./redis-clients.js";
import { postScript, presenceScript } from "./redis-scripts.js";
import { Subscription } from "./subscription.js";

/** In milliseconds: who has not renewed it within that time is no longer there. */
const lease = 30_000;
/** In seconds, after the last message of a room. */
const historyLife = 24 * 60 * 60;

/** The rooms of all processes that use the same Redis. */
export class RedisBus implements Bus {
  readonly #commands: RedisClients["commands"];
  readonly #subscriber: RedisClients["subscriber"];
  readonly #subscriptions = new Set<Subscription>();
  /** Who is present by way of this process. */
  readonly #mine = new Map<string, Map<string, Presence>>();
  readonly #renewal: NodeJS.Timeout;

  /** @throws as {@link connectRedis} */
  static async connect(url: string): Promise<RedisBus> {
    return new RedisBus(await connectRedis(url));
  }

  private constructor({ commands, subscriber }: RedisClients) {
    this.#commands = commands;
    this.#subscriber = subscriber;
    subscriber.on("ready", () => {
      for (const subscription of this.#subscriptions) void subscription.catchUp();
    });
    this.#renewal = setInterval(() => this.#renew(), lease / 3);
  }

  get isReady(): boolean {
    return this.#commands.isReady && this.#subscriber.isReady;
  }

  async subscribe(room: string, listener: (event: RoomEvent) => void): Promise<() => Promise<void>> {
    const subscription = new Subscription((since) => this.history(room, since), listener);
    const receive = (text: string) => subscription.receive(v.parse(RoomEvent, JSON.parse(text)));
    await this.#subscriber.subscribe(channelOf(room), receive);
    this.#subscriptions.add(subscription);
    await subscription.catchUp();
    return async () => {
      this.#subscriptions.delete(subscription);
      await this.#subscriber.unsubscribe(channelOf(room), receive);
    };
  }

  async enter(room: string, presence: Presence): Promise<string[]> {
    const names = await this.#change(room, "enter", [presence]);
    const mine = this.#mine.get(room) ?? new Map<string, Presence>();
    this.#mine.set(room, mine.set(presence.id, presence));
    return names;
  }

  async leave(room: string, presence: Presence): Promise<void> {
    const mine = this.#mine.get(room);
    mine?.delete(presence.id);
    if (mine?.size === 0) this.#mine.delete(room);
    await this.#change(room, "leave", [presence]);
  }

  async post(room: string, name: string, text: string): Promise<void> {
    await this.#commands.eval(postScript, {
      keys: [`chat:${room}:messages`],
      arguments: [channelOf(room), JSON.stringify({ name, text }), `${historyLength}`, `${historyLife}`],
    });
  }

  async history(room: string, since: number): Promise<ChatMessage[]> {
    const kept = await this.#commands.lRange(`chat:${room}:messages`, 0, -1);
    return kept.map((text) => v.parse(ChatMessage, JSON.parse(text))).filter(({ id }) => id > since);
  }

  async rooms(): Promise<string[]> {
    return await this.#commands.zRange("chat:rooms", 0, -1);
  }

  async close(): Promise<void> {
    clearInterval(this.#renewal);
    this.#commands.destroy();
    this.#subscriber.destroy();
  }

  /** @returns the names that are there now */
  async #change(room: string, what: "enter" | "leave", presences: Iterable<Presence>): Promise<string[]> {
    const names = await this.#commands.eval(presenceScript, {
      keys: [`chat:${room}:present`, "chat:rooms"],
      arguments: [
        channelOf(room),
        room,
        `${lease}`,
        what,
        ...Array.from(presences, ({ id, name }) => `${id}:${name}`),
      ],
    });
    return v.parse(v.array(v.string()), names);
  }

  #renew(): void {
    for (const [room, presences] of this.#mine) {
      this.#change(room, "enter", presences.values()).catch((error: Error) => process.emitWarning(error));
    }
  }
}

function channelOf(room: string): string {
  return `chat:${room}`;
}
