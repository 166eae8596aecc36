// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { InProcessBus } from "../src/bus/in-process.js";
import { busContract } from "./support/bus-contract.mjs";

describe("the bus of one process", () => {
  test.each(busContract)("$name", async ({ run }) => {
    const bus = new InProcessBus();
    await run(bus, bus);
    await bus.close();
  });

  test("ids go on growing when the clock goes back", async () => {
    let now = 1_000;
    const bus = new InProcessBus(() => now);
    await bus.post("tea", "Ann", "first");
    now = 500;
    await bus.post("tea", "Ann", "second");
    expect((await bus.history("tea", 0)).map(({ id }) => id)).toEqual([1_000, 1_001]);
  });

  test("of rooms that nobody is in only the last hundred are remembered", async () => {
    const bus = new InProcessBus();
    const enter = async (room: string) => {
      const presence = { id: room, name: "Ann" };
      await bus.enter(room, presence);
      await bus.post(room, "Ann", "hello");
      return async () => bus.leave(room, presence);
    };
    await enter("kept-since-somebody-is-there");
    for (let n = 0; n <= 100; n++) await (await enter(`room-${n}`))();
    expect(await bus.history("room-0", 0)).toEqual([]);
    expect(await bus.history("room-1", 0)).toHaveLength(1);
    expect(await bus.history("kept-since-somebody-is-there", 0)).toHaveLength(1);
  });
});
