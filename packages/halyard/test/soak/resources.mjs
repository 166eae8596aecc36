// SPDX-License-Identifier: Apache-2.0
// What a process holds, when all garbage is gone.
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/**
 * @typedef {object} Held
 * @property {number} heap bytes, of objects and of the buffers that belong to them
 * @property {number} rss bytes
 * @property {number} files descriptors that are open
 * @property {Record<string, number>} handles what keeps the process alive, by type
 */

/** Needs `--expose-gc` and Linux. @returns {Promise<Held>} */
export async function held() {
  for (let round = 0; round < 3; round++) {
    // Finalizers run, and sockets that were destroyed close, between two collections.
    await delay(20);
    globalThis.gc();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  /** @type {Record<string, number>} */
  const handles = {};
  for (const type of process.getActiveResourcesInfo()) handles[type] = (handles[type] ?? 0) + 1;
  return { heap: heapUsed + external, rss, files: readdirSync("/proc/self/fd").length, handles };
}

/**
 * What there is more of than there was.
 * @param {Held} before @param {Held} after
 */
export function leftOver(before, after) {
  const left = Object.entries(after.handles)
    .map(([type, count]) => [type, count - (before.handles[type] ?? 0)])
    .filter(([, more]) => more > 0)
    .map(([type, more]) => `${more} ${type}`);
  if (after.files > before.files) left.push(`${after.files - before.files} file descriptors`);
  return left;
}

/**
 * How much a figure grows for each step, by the median of the slopes between every two points (Theil and Sen): one sample
 * that was taken at a bad moment does not move it.
 * @param {readonly { x: number, y: number }[]} points
 */
export function slope(points) {
  const slopes = points
    .flatMap((one, at) => points.slice(at + 1).map((other) => (other.y - one.y) / (other.x - one.x)))
    .sort((a, b) => a - b);
  return slopes[slopes.length >> 1] ?? Number.NaN;
}
