// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";

/** Of a busy machine, in milliseconds: nothing here is late by less. */
export const slack = 2_500;

/** Of sessions in these tests: a dead peer is found within a second and a half. */
export const keepalive = {
  pingInterval: 500,
  pingTimeout: 1_000,
  closeTimeout: 1_000,
  handshakeTimeout: 10_000,
};
export const detection = keepalive.pingInterval + keepalive.pingTimeout;

/**
 * Holds how long something took against what it may take.
 * @param {number} began by `Date.now()` @param {number} least @param {number} most milliseconds, the slack not counted
 */
export function checkTime(began, least, most, ended = Date.now()) {
  const took = ended - began;
  // A timer may be early by what is cut off of a millisecond.
  assert(took >= least - 2, `it took ${took} ms, and should have taken at least ${least}`);
  assert(took <= most + slack, `it took ${took} ms, and may take ${most}, and ${slack} on a busy machine`);
}

/** Sends a message, and gets it back. @param {import("halyard").DefaultWebSocketSession} session */
export async function echo(session, text = "are you there?") {
  await session.send(text);
  assert.equal((await session.incoming.receive()).readText(), text);
}

/** @param {Promise<unknown>} promise @returns {Promise<any>} what it is rejected with */
export function rejection(promise) {
  return promise.then(
    (value) => ({ code: `not rejected, but resolved with ${String(value)}` }),
    (error) => error,
  );
}

/**
 * Sends until it has to wait.
 * @param {import("halyard").DefaultWebSocketSession} session
 * @param {import("halyard").Frame.Binary} message
 * @returns {Promise<number>} how many were accepted
 */
export async function fill(session, message) {
  for (let accepted = 0; ; accepted++) {
    // What can leave leaves within some turns of the loop.
    const signal = AbortSignal.timeout(300);
    try {
      await session.outgoing.send(message, { signal });
    } catch (error) {
      if (error === signal.reason) return accepted;
      throw error;
    }
  }
}
