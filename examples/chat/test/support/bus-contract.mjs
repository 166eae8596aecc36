// SPDX-License-Identifier: Apache-2.0
// What every bus must do. Two of them stand for two processes; of one process both are the same.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

/**
 * @typedef {import("../../src/bus/bus.js").Bus} Bus
 * @typedef {import("../../src/shared/protocol.js").RoomEvent} RoomEvent
 * @type {{ name: string, run: (here: Bus, there: Bus) => Promise<void> }[]}
 */
export const busContract = [
  {
    name: "a message is told to all, once, in order, with growing ids, and is in the history",
    async run(here, there) {
      const room = newRoom();
      const heard = [await listen(here, room), await listen(there, room)];
      for (let n = 0; n < 20; n++) await (n % 2 === 0 ? here : there).post(room, "Ann", `message ${n}`);
      for (const { next } of heard) {
        let last = 0;
        for (let n = 0; n < 20; n++) {
          const event = await next();
          assert.ok(event.type === "said");
          assert.deepEqual({ ...event.message, id: 0 }, { id: 0, name: "Ann", text: `message ${n}` });
          assert.ok(event.message.id > last, "ids grow");
          last = event.message.id;
        }
      }
      const history = await there.history(room, 0);
      assert.deepEqual(
        history.map(({ text }) => text),
        Array.from({ length: 20 }, (_, n) => `message ${n}`),
      );
      const { id } = history[17] ?? assert.fail();
      assert.deepEqual(await here.history(room, id), history.slice(18));
      assert.deepEqual(await here.history(room, history[19]?.id ?? 0), []);
    },
  },
  {
    name: "an id is a time, also when many messages come in one millisecond",
    async run(here) {
      const room = newRoom();
      await Promise.all(Array.from({ length: 50 }, () => here.post(room, "Ann", "now")));
      const ids = (await here.history(room, 0)).map(({ id }) => id);
      assert.equal(new Set(ids).size, 50);
      assert.ok(ids.every((id) => Math.abs(id - Date.now()) < 10_000));
    },
  },
  {
    name: "the history has a bound",
    async run(here, there) {
      const room = newRoom();
      for (let n = 0; n < 105; n++) await here.post(room, "Ann", `${n}`);
      const texts = (await there.history(room, 0)).map(({ text }) => text);
      assert.deepEqual([texts.length, texts[0], texts.at(-1)], [100, "5", "104"]);
    },
  },
  {
    name: "others are told who comes and goes, once a name, whatever the number of its connections",
    async run(here, there) {
      const room = newRoom();
      const { next } = await listen(there, room);
      const [first, second, ben] = [presence("Ann"), presence("Ann"), presence("Ben: 2")];
      assert.deepEqual(await here.enter(room, first), ["Ann"]);
      assert.deepEqual(await there.enter(room, second), ["Ann"]);
      assert.deepEqual((await there.enter(room, ben)).toSorted(), ["Ann", "Ben: 2"]);
      assert.ok((await here.rooms()).includes(room));
      await here.leave(room, first);
      await here.leave(room, first);
      await there.leave(room, ben);
      await there.leave(room, second);
      assert.deepEqual(
        [await next(), await next(), await next(), await next()],
        [
          { type: "joined", name: "Ann" },
          { type: "joined", name: "Ben: 2" },
          { type: "left", name: "Ben: 2" },
          { type: "left", name: "Ann" },
        ],
      );
      assert.ok(!(await here.rooms()).includes(room));
    },
  },
  {
    name: "rooms know nothing of each other, and who has unsubscribed hears no more",
    async run(here, there) {
      const [room, other] = [newRoom(), newRoom()];
      const { next, stop } = await listen(here, room);
      const still = await listen(here, room);
      await there.post(other, "Ann", "elsewhere");
      await there.post(room, "Ann", "here");
      const event = await next();
      assert.ok(event.type === "said" && event.message.text === "here");
      await stop();
      await there.post(room, "Ann", "later");
      await still.next();
      await still.next();
      await assert.rejects(next(50), /nothing came/);
    },
  },
];

export const newRoom = () => `room-${randomUUID().slice(0, 8)}`;
/** @param {string} name */
const presence = (name) => ({ id: randomUUID(), name });

/** @param {Bus} bus @param {string} room */
export async function listen(bus, room) {
  /** @type {RoomEvent[]} */
  const events = [];
  /** @type {() => void} */
  let wake = () => undefined;
  const stop = await bus.subscribe(room, (event) => {
    events.push(event);
    wake();
  });
  return {
    stop,
    /** @param {number} patience @returns {Promise<RoomEvent>} */
    next: async (patience = 15_000) => {
      const end = AbortSignal.timeout(patience);
      for (;;) {
        const event = events.shift();
        if (event !== undefined) return event;
        if (end.aborted) throw new Error("nothing came");
        await new Promise((resolve) => {
          wake = () => resolve(undefined);
          end.addEventListener("abort", wake, { once: true });
        });
      }
    },
  };
}
