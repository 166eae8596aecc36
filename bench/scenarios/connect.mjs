// SPDX-License-Identifier: Apache-2.0
import { measure } from "../measure.mjs";

/** Opens connections and closes them again, some at a time. @type {import("../cell.mjs").Scenario} */
export async function connect({ row, url, budget }, load) {
  const { inFlight = 1 } = row;
  const { prepare } = await load();
  const open = await prepare({ deflate: false });

  const run = async (/** @type {number} */ count) => {
    let left = count;
    const worker = async () => {
      while (left-- > 0) {
        const connection = await open(`${url}/echo`);
        await connection.close();
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  };
  return await measure(run, { unit: inFlight, budget });
}
