// SPDX-License-Identifier: Apache-2.0
// A relay between client and server that delays what passes, and cuts it into pieces, as its seed says.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";

/** @param {number} seed @returns {() => number} from 0 to 1, always the same ones (a linear congruence) */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * @param {{ host: string, port: number }} to
 * @param {{ seed: number, mostDelay: number, mostBytes: number }} the delay in milliseconds for each piece
 */
export async function startRelay(to, { seed, mostDelay, mostBytes }) {
  const random = randomOf(seed);
  async function* chop(chunks) {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        const size = Math.ceil(random() * mostBytes);
        await delay(random() * mostDelay);
        yield chunk.subarray(at, at + size);
        at += size;
      }
    }
  }
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  // One direction may end before the other.
  const allowHalfOpen = true;
  const noDelay = true;
  const server = createServer({ allowHalfOpen, noDelay }, (near) => {
    const far = connect({ ...to, allowHalfOpen, noDelay });
    sockets.add(near).add(far);
    // What breaks one direction breaks the other.
    void Promise.allSettled([pipeline(near, chop, far), pipeline(far, chop, near)]);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, "close");
  };
  return { port: server.address().port, stop };
}
