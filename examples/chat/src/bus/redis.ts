// SPDX-License-Identifier: Apache-2.0
import * as v from "valibot";
import { ChatMessage, RoomEvent } from "../shared/protocol.js";
import { type Bus, historyLength, type Presence } from "./bus.js";
import { connectRedis, type RedisClients } from "./redis-clients.js";
import { postScript, presenceScript } from "./redis-scripts.js";
import { Subscription } from "./subscription.js";

/** Long enough for a process that is busy or a network that stumbles. */
const defaultLease = 30_000;
/** In seconds, after the last message of a room. */
const historyLife = 24 * 60 * 60;

/** The rooms of all processes that use the same Redis. */
export class RedisBus implements Bus {
  readonly #commands: RedisClients["commands"];
  readonly #subscriber: RedisClients["subscriber"];
  readonly #subscriptions = new Set<Subscription>();
  /** Who is present by way of this process. */
  readonly #mine = new Map<string, Map<string, Presence>>();
  readonly #lease: number;
  readonly #renewal: NodeJS.Timeout;

  /**
   * @param lease - milliseconds after which somebody is gone whose process has died
   * @throws as {@link connectRedis}
   */
  static async connect(url: string, lease: number = defaultLease): Promise<RedisBus> {
    return new RedisBus(await connectRedis(url), lease);
  }

  private constructor({ commands, subscriber }: RedisClients, lease: number) {
    this.#lease = lease;
    this.#commands = commands;
    this.#subscriber = subscriber;
    // Between the two it subscribes again, and what is told by then must not come before what was missed.
    subscriber.on("connect", () => {
      for (const subscription of this.#subscriptions) subscription.hold();
    });
    for (const client of [commands, subscriber]) client.on("ready", () => this.#catchUp());
    this.#renewal = setInterval(() => this.#renew(), lease / 3);
  }

  get isReady(): boolean {
    return this.#commands.isReady && this.#subscriber.isReady;
  }

  async subscribe(room: string, listener: (event: RoomEvent) => void): Promise<() => Promise<void>> {
    const subscription = new Subscription((since) => this.history(room, since), listener);
    const receive = (text: string) => subscription.receive(v.parse(RoomEvent, JSON.parse(text)));
    const unsubscribe = async () => {
      this.#subscriptions.delete(subscription);
      await this.#subscriber.unsubscribe(channelOf(room), receive);
    };
    this.#subscriptions.add(subscription);
    try {
      await this.#subscriber.subscribe(channelOf(room), receive);
      await subscription.catchUp();
      return unsubscribe;
    } catch (error) {
      await Promise.allSettled([unsubscribe()]);
      throw error;
    }
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
        `${this.#lease}`,
        what,
        ...Array.from(presences, ({ id, name }) => `${id}:${name}`),
      ],
    });
    return v.parse(v.array(v.string()), names);
  }

  /** Redis is back. Where only one of the connections is, it fails, and is done again when the other one is, too. */
  #catchUp(): void {
    for (const subscription of this.#subscriptions) subscription.catchUp().catch(warn);
  }

  #renew(): void {
    for (const [room, presences] of this.#mine) {
      this.#change(room, "enter", presences.values()).catch(warn);
    }
  }
}

function channelOf(room: string): string {
  return `chat:${room}`;
}

function warn(error: Error): void {
  process.emitWarning(error);
}
