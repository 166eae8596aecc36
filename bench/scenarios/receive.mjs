// SPDX-License-Identifier: Apache-2.0
import { measure } from "../measure.mjs";

/** The server sends as fast as it can; the client takes each message and looks at its end. @type {import("../cell.mjs").Scenario} */
export async function receive({ row, url, batch, budget }, load) {
  const { prepare, looksInto = true } = await load();
  const open = await prepare({
    deflate: row.deflate !== undefined,
    frameBytes: batch.bytes / batch.messages,
  });
  const connection = await open(`${url}/flood${row.deflate ? `?deflate=${row.deflate}` : ""}`);

  const order = connection.order ?? connection.send;

  let length = 0;
  let last = 0;
  const eachText = (/** @type {string} */ text) => {
    length += text.length;
    last += text.charCodeAt(text.length - 1);
  };
  const eachBinary = (/** @type {Uint8Array} */ bytes) => {
    length += bytes.length;
    last += bytes[bytes.length - 1];
  };
  const each = row.type === "binary" ? eachBinary : eachText;

  const run = async (/** @type {number} */ count) => {
    length = 0;
    last = 0;
    const times = count / batch.messages;
    const consumed = connection.consume(count, looksInto ? each : undefined);
    await Promise.all([consumed, order(`${batch.name} ${times}`)]);
    if (looksInto && (length !== batch.length * times || last !== batch.last * times)) {
      throw new Error(`${count} messages should have ${batch.length * times} units, and had ${length}`);
    }
  };
  const measured = await measure(run, { unit: batch.messages, budget });
  return row.deflate ? { ...measured, wire: batch.bytes / batch.messages } : measured;
}
