// SPDX-License-Identifier: Apache-2.0
import { cpuMicroseconds } from "../measure.mjs";

/** What the import of the client adds to the start of the bare runtime. Adapters import nothing but their client. @type {import("../cell.mjs").Scenario} */
export async function importing(_task, load) {
  const before = cpuMicroseconds();
  await load();
  return { value: (cpuMicroseconds() - before) / 1000, bare: before / 1000, count: 1 };
}
