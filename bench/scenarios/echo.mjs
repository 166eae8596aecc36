// SPDX-License-Identifier: Apache-2.0
import { measure } from "../measure.mjs";
import { messageOf } from "../payloads.mjs";

/** The server sends everything back; the client sends the next message for each that returns. @type {import("../cell.mjs").Scenario} */
export async function echo({ row, url, budget }, load) {
  const { inFlight = 1, warmUp } = row;
  const { prepare, looksInto = true } = await load();
  // A server's frame of less than 126 bytes has a header of two.
  const open = await prepare({ deflate: false, frameBytes: row.size + 2 });
  const connection = await open(`${url}/echo`);
  const messages = Array.from({ length: 256 }, (_, index) => messageOf(row, index));
  let latencies = new Float64Array(0);

  const run = async (/** @type {number} */ count) => {
    latencies = new Float64Array(count);
    const sentAt = new Float64Array(count);
    let sent = 0;
    let returned = 0;
    const sendNext = () => {
      sentAt[sent] = performance.now();
      return connection.send(messages[sent++ % messages.length]);
    };
    const each = (/** @type {string | undefined} */ text) => {
      latencies[returned] = performance.now() - sentAt[returned];
      if (looksInto && text !== messages[returned % messages.length]) {
        throw new Error(`message ${returned} came back as "${text}"`);
      }
      returned++;
      return sent < count ? sendNext() : undefined;
    };
    const consumed = connection.consume(count, each);
    const first = Array.from({ length: Math.min(inFlight, count) }, sendNext);
    await Promise.all([consumed, ...first]);
  };
  const measured = await measure(run, { unit: inFlight, budget, warmUp });
  latencies.sort();
  const percentile = (/** @type {number} */ part) =>
    latencies[Math.floor(part * (latencies.length - 1))] * 1000;
  return { ...measured, p50: percentile(0.5), p99: percentile(0.99) };
}
