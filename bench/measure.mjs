// SPDX-License-Identifier: Apache-2.0

const most = 20_000_000;

/** Microseconds of CPU, user and system, that all threads of this process have used. */
export function cpuMicroseconds() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Warms up for the time of the budget, or longer where a row needs that, which also tells how many operations fill a part of it, and then measures such parts until
 * the budget is used up.
 * @param {(count: number) => Promise<unknown>} run
 * @param {{ unit: number, budget: number, warmUp?: number | undefined }} options operations come in multiples of `unit`; milliseconds
 */
export async function measure(run, { unit, budget, warmUp = budget }) {
  const part = budget / 4;
  let count = unit;
  const began = performance.now();
  do {
    const before = performance.now();
    await run(count);
    const took = Math.max(performance.now() - before, 0.001);
    // In steps, since the first runs are slow.
    const fitting = Math.min((count * part) / took, count * 4, most);
    count = unit * Math.max(1, Math.round(fitting / unit));
  } while (performance.now() - began < Math.max(warmUp, budget));

  let total = 0;
  const before = performance.now();
  const cpuBefore = cpuMicroseconds();
  do {
    await run(count);
    total += count;
  } while (performance.now() - before < budget);
  const cpu = cpuMicroseconds() - cpuBefore;
  const wall = (performance.now() - before) * 1000;
  return { value: cpu / total, wall: wall / total, count: total };
}
