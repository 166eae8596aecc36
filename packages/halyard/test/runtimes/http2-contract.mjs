// SPDX-License-Identifier: Apache-2.0
// Runs the engine contract with Cio over HTTP/2 and prints what came of it as a line of JSON:
//   node http2-contract.mjs '{"url":"wss://localhost:1","http2":"prefer","ca":"..."}'
import { HttpClient, WebSockets } from "halyard";
import { Cio } from "halyard/cio";
import { engineContract } from "halyard/testing";
import { runCases } from "./cases.mjs";

/** The slowest case takes a second. */
const patience = 5_000;

const { url, http2, ca } = JSON.parse(process.argv[2]);
const options = { http2, tls: { ca } };
const result = await runCases(
  engineContract(() => Cio.create(options), url),
  patience,
);

/** What a session was opened with: 200 over HTTP/2, 101 over HTTP/1.1. */
async function statusWith(mode) {
  const client = new HttpClient(Cio, { ...options, http2: mode }).install(WebSockets);
  try {
    return await client.webSocket(`${url}/echo`, (session) => session.call.response.status);
  } catch (error) {
    return `${error.code}: ${error.message}`;
  } finally {
    await client.close();
  }
}

const answer = { ...result, status: await statusWith(http2), required: await statusWith("require") };
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit());
