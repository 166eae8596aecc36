// SPDX-License-Identifier: Apache-2.0
import { peakResidentKiB } from "../memory.mjs";

/** Receives one huge message, in chunks where the client can do that. @type {import("../cell.mjs").Scenario} */
export async function peak({ row, url, fragments }, load) {
  const { prepare, looksInto = true } = await load();
  const open = await prepare({
    deflate: false,
    maxMessageSize: row.size,
    stream: true,
    frameBytes: fragments.bytes,
  });
  const connection = await open(`${url}/flood`);
  const before = peakResidentKiB();
  let length = 0;
  // Asked for first, so that a client that streams does not begin to put it together.
  const consumed =
    connection.consumeStreamed?.().then((/** @type {number} */ total) => void (length = total)) ??
    connection.consume(
      1,
      looksInto ? (/** @type {Uint8Array} */ bytes) => void (length = bytes.length) : undefined,
    );
  const started = performance.now();
  await Promise.all([consumed, connection.send(fragments.order)]);
  if (looksInto && length !== row.size) throw new Error(`the message has ${length} bytes`);
  return {
    value: peakResidentKiB() / 1024,
    before: before / 1024,
    milliseconds: performance.now() - started,
    count: 1,
  };
}
