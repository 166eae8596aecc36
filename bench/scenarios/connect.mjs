// SPDX-License-Identifier: Apache-2.0
import { measure } from "../measure.mjs";

/** Opens connections and closes them again, some at a time. */
export async function connect({ row, url, budget }, load) {
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
    await Promise.all(Array.from({ length: row.inFlight }, worker));
  };
  return await measure(run, { unit: row.inFlight, budget });
}
