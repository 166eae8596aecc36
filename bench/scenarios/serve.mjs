// SPDX-License-Identifier: Apache-2.0
// What a server is measured with: clients in C, which take orders by a connection of their own.
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { measure } from "../measure.mjs";

const letters = 26;
/** Broadcasts between two answers, of which two may be under way. */
const windowSize = 8;

/** The clients send the next message for each that returns. @type {import("../cell.mjs").Scenario} */
export async function serveEcho({ row, url, budget }, load) {
  const { connections = 1, inFlight = 1, warmUp } = row;
  const { ask } = await openClients(row, url, load);
  const run = async (/** @type {number} */ count) => {
    const answer = await ask(`echo ${count} ${inFlight}`);
    if (answer !== `done ${count}`)
      throw new Error(`${count} messages were wanted, and the clients said "${answer}"`);
  };
  return await measure(run, { unit: connections * inFlight, budget, warmUp });
}

/** The server sends every message to everyone. @type {import("../cell.mjs").Scenario} */
export async function serveBroadcast({ row, url, budget }, load) {
  const { connections = 1, size, warmUp } = row;
  const { serving, tell, next } = await openClients(row, url, load);
  const texts = Array.from({ length: letters }, (_, first) => alphabet(first, size));
  const unit = connections * windowSize;
  tell(`count ${unit}`);

  let sent = 0;
  let counted = 0;
  const run = async (/** @type {number} */ count) => {
    const last = counted + count;
    while (counted < last) {
      for (; sent * connections < Math.min(last, counted + 2 * unit); sent++) {
        await serving.broadcast(texts[sent % letters]);
      }
      counted += unit;
      const answer = await next();
      if (answer !== String(counted)) throw new Error(`of ${counted} messages the clients had "${answer}"`);
    }
  };
  return await measure(run, { unit, budget, warmUp });
}

/**
 * @param {import("../rows.mjs").Row} row
 * @param {string} url where the clients take orders
 * @param {() => Promise<import("../cell.mjs").ServerAdapter>} load
 */
async function openClients({ connections, size }, url, load) {
  const { serve } = await load();
  const serving = await serve();
  const { hostname, port } = new URL(url);
  const control = connect(Number(port), hostname);
  const lines = createInterface({ input: control })[Symbol.asyncIterator]();
  const tell = (/** @type {string} */ order) => void control.write(`${order}\n`);
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the clients are gone");
    return /** @type {string} */ (value);
  };
  const ask = (/** @type {string} */ order) => {
    tell(order);
    return next();
  };
  const answer = await ask(`open ${serving.port} ${connections} ${size}`);
  if (answer !== "open") throw new Error(`the clients said "${answer}"`);
  return { serving, tell, next, ask };
}

/** What the clients expect: the alphabet over and over. @param {number} first @param {number} length */
const alphabet = (first, length) =>
  Buffer.alloc(length)
    .map((_, at) => 97 + ((first + at) % letters))
    .toString();
