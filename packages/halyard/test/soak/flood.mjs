// SPDX-License-Identifier: Apache-2.0
// How long the event loop of a client is kept, and an answer takes, while others flood it with messages.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";

const flooding = 4;
const answering = 20;
/** Milliseconds of the timer by which the loop is watched. */
const resolution = 1;

/**
 * @param {import("halyard").HttpClient} client
 * @param {number} port @param {number} milliseconds
 */
export async function flood(client, port, milliseconds) {
  const end = performance.now() + milliseconds;
  /** @type {number[]} */
  const answers = [];
  let messages = 0;
  const take = async (session) => {
    for await (const frames of session.incoming.batches()) {
      messages += frames.length;
      if (performance.now() > end) return;
    }
  };
  const ask = async (session) => {
    while (performance.now() < end) {
      const at = performance.now();
      await session.send("are you there?");
      await session.incoming.receive();
      answers.push(performance.now() - at);
    }
  };
  const url = `ws://127.0.0.1:${port}`;
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  await Promise.all([
    ...Array.from({ length: flooding }, () => client.webSocket(`${url}/pours`, take)),
    ...Array.from({ length: answering }, () => client.webSocket(`${url}/echo`, ask)),
  ]);
  delay.disable();
  answers.sort((a, b) => a - b);
  return {
    messages,
    loop: [50, 99, 100].map((percent) => Math.max(0, delay.percentile(percent) / 1e6 - resolution)),
    answer: [0.5, 0.99, 1].map((part) => answers[Math.ceil(part * answers.length) - 1]),
  };
}
