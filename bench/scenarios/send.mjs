// SPDX-License-Identifier: Apache-2.0
import { measure } from "../measure.mjs";
import { messageOf } from "../payloads.mjs";

const windowBytes = 2 ** 20;
const distinctBytes = 4 * 2 ** 20;

/**
 * The client sends as fast as the server counts. The server answers a window of messages by what it has counted, and at most two
 * windows are under way: so clients that have no backpressure hold no more than those that have.
 * @type {import("../cell.mjs").Scenario}
 */
export async function send({ row, url, budget }, load) {
  const { prepare } = await load();
  const open = await prepare({ deflate: row.deflate !== undefined });
  const windowSize = Math.min(4096, Math.max(1, Math.floor(windowBytes / row.size)));
  const distinct = Math.min(256, Math.max(2, Math.floor(distinctBytes / row.size)));
  const messages = Array.from({ length: distinct }, (_, index) => messageOf(row, index));
  const window = Array.from({ length: windowSize }, (_, index) => messages[index % distinct]);
  const connection = await open(
    `${url}/sink?ack=${windowSize}${row.deflate ? `&deflate=${row.deflate}` : ""}`,
  );

  const sendWindow = async () => {
    if (connection.sendAll !== undefined) return connection.sendAll(window);
    for (const message of window) {
      const pending = connection.send(message);
      if (pending !== undefined) await pending;
    }
  };
  let answer = "";
  const answered = () => connection.consume(1, (/** @type {string} */ text) => void (answer = text));

  let sent = 0;
  const run = async (/** @type {number} */ count) => {
    for (let left = count / windowSize; left > 0; left--) {
      await sendWindow();
      sent += windowSize;
      if (left < count / windowSize) await answered();
    }
    await answered();
    const [counted, bytes] = answer.split(" ").map(Number);
    const isRight = counted === sent && (row.deflate !== undefined || bytes === sent * row.size);
    if (!isRight) throw new Error(`of ${sent} messages of ${row.size} bytes the server had "${answer}"`);
  };
  const measured = await measure(run, { unit: windowSize, budget });
  const [counted, , wire] = answer.split(" ").map(Number);
  return row.deflate ? { ...measured, wire: wire / counted } : measured;
}
