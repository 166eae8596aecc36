// SPDX-License-Identifier: Apache-2.0
// The memory of this process, as Linux counts it for every runtime alike.
import { readFileSync } from "node:fs";

/** @param {string} field of /proc/self/status, in KiB */
function status(field) {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"));
  if (found === null) throw new Error(`this system does not tell ${field}`);
  return Number(found[1]);
}

export const residentKiB = () => status("VmRSS");
export const peakResidentKiB = () => status("VmHWM");

export function collectGarbage() {
  const { Bun, gc } = /** @type {any} */ (globalThis);
  if (Bun) Bun.gc(true);
  else gc();
}
