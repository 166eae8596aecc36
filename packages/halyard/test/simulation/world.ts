// SPDX-License-Identifier: Apache-2.0
import type { CancelTimer, Clock } from "../../src/session/clock.ts";
import type { Random } from "../support/random.ts";

interface Event {
  readonly due: number;
  /** Decides between events of one millisecond: timers of a real loop keep no promise there. */
  readonly rank: number;
  readonly happen: () => void;
}

/** How many turns of the event loop the product may take over what it does without a timer. */
const restingTurns = 8;

/**
 * All that takes time in a simulation. As a clock it is the product's: its timers may be late, never early. What the
 * network and the programs do is kept by the same time.
 */
export class World implements Clock {
  /** How late a timer may fire, in milliseconds. */
  static readonly lateness = 20;
  readonly #random: Random;
  readonly #events = new Set<Event>();
  /** What the programs and the network did, a line each. */
  readonly log: string[] = [];
  #now = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  now(): number {
    return this.#now;
  }

  note(line: string): void {
    this.log.push(`${String(this.#now).padStart(6)} ${line}`);
  }

  after(milliseconds: number, callback: () => void): CancelTimer {
    const late = this.#random.chance(0.2) ? this.#random.below(World.lateness) : 0;
    const event = this.#add(milliseconds + late, callback);
    return () => this.#events.delete(event);
  }

  /** Something that happens outside of the product. */
  later(milliseconds: number, happen: () => void): void {
    this.#add(milliseconds, happen);
  }

  /** Waits in a program. */
  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.later(milliseconds, resolve));
  }

  /** Lets everything happen, one by one, with a turn of the event loop or a few after each, until nothing is left to. */
  async run(mostEvents: number): Promise<void> {
    for (let count = 0; this.#events.size > 0; count++) {
      if (count > mostEvents) throw new Error(`the world did not come to rest within ${mostEvents} events`);
      const event = this.#next();
      this.#events.delete(event);
      this.#now = event.due;
      event.happen();
      for (let turns = this.#random.between(0, 2); turns > 0; turns--) await turn();
      // No time passes before all is done that needs none.
      for (let turns = 0; turns < restingTurns && !this.#isMoreDue; turns++) await turn();
    }
  }

  get #isMoreDue(): boolean {
    return this.#events.size > 0 && this.#next().due <= this.#now;
  }

  #add(milliseconds: number, happen: () => void): Event {
    const event = { due: this.#now + milliseconds, rank: this.#random.fraction(), happen };
    this.#events.add(event);
    return event;
  }

  #next(): Event {
    let next: Event | undefined;
    for (const event of this.#events) {
      if (next === undefined || event.due < next.due || (event.due === next.due && event.rank < next.rank))
        next = event;
    }
    return next as Event;
  }
}

/** The clock of one session, which knows how many of its timers wait. */
export class CountingClock implements Clock {
  timers = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  now(): number {
    return this.#world.now();
  }

  after(milliseconds: number, callback: () => void): CancelTimer {
    this.timers++;
    let isWaiting = true;
    const settle = () => {
      if (isWaiting) this.timers--;
      isWaiting = false;
    };
    const cancel = this.#world.after(milliseconds, () => {
      settle();
      callback();
    });
    return () => {
      settle();
      cancel();
    };
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
