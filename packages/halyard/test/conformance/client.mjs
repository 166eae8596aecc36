// SPDX-License-Identifier: Apache-2.0

/** The testee: an echo client on Halyard's public API, as built. Usage: node client.mjs <server url> <agent> [http2] */
import { HalyardError, HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { sessionOptions } from "./testee.mjs";

const [server, agent, http2] = process.argv.slice(2);
const client = new HttpClient(Cio, { http2: http2 === undefined ? false : "require" }).install(
  WebSockets,
  sessionOptions,
);

async function ask(path) {
  let answer;
  await client.webSocket(`${server}${path}`, async (session) => {
    for await (const frame of session.incoming) answer = JSON.parse(frame.readText());
  });
  return answer;
}

/** Most cases break the protocol and must end the session with an error; the server alone is the judge. */
async function runCase(number) {
  try {
    await client.webSocket(`${server}/runCase?case=${number}&agent=${agent}`, async (session) => {
      for await (const frame of session.incoming) await session.send(frame);
    });
  } catch (error) {
    if (!(error instanceof HalyardError))
      process.stderr.write(`case number ${number}: ${error?.stack ?? error}\n`);
  }
}

async function eachAtOnce(width, items, work) {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

const performance = [];
const others = [];
const numbers = Array.from({ length: await ask("/getCaseCount") }, (_, index) => index + 1);
await eachAtOnce(8, numbers, async (number) => {
  const { id } = await ask(`/getCaseInfo?case=${number}`);
  (id.startsWith("9.") ? performance : others).push(number);
});
await eachAtOnce(8, others, runCase);
await eachAtOnce(1, performance, runCase);
await ask(`/updateReports?agent=${agent}`);
await client.close();
