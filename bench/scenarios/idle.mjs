// SPDX-License-Identifier: Apache-2.0
import { setTimeout } from "node:timers/promises";
import { collectGarbage, residentKiB } from "../memory.mjs";

const atATime = 50;

/** Opens many connections and leaves them alone: what does the process hold for each? @type {import("../cell.mjs").Scenario} */
export async function idle({ row, url }, load) {
  const { connections: wanted = 1 } = row;
  const { prepare } = await load();
  const open = await prepare({ deflate: false });
  const connections = [];
  const openUpTo = async (/** @type {number} */ count) => {
    while (connections.length < count) {
      const group = Array.from({ length: Math.min(atATime, count - connections.length) }, () =>
        open(`${url}/echo`),
      );
      connections.push(...(await Promise.all(group)));
    }
    for (let times = 0; times < 3; times++) {
      collectGarbage();
      await setTimeout(200);
    }
    return residentKiB();
  };
  // The first ones pay for the code.
  const warm = 200;
  const before = await openUpTo(warm);
  const after = await openUpTo(warm + wanted);
  return { value: (after - before) / wanted, count: wanted };
}
