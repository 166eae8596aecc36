// SPDX-License-Identifier: Apache-2.0
// What is run with the Js engine on every platform. It knows none of them.
import { HttpClient } from "halyard";
import { Js } from "halyard/js";
import { engineContract } from "halyard/testing";
import { runCases } from "./cases.mjs";
import { hostileCases } from "./hostile.mjs";

/** Of a case, in milliseconds. */
const patience = 30_000;

/** Ways to make the engine. @type {Record<string, () => import("halyard/js").JsOptions>} */
const ways = {
  plain: () => ({}),
  // In a worker of a page.
  worker: () => ({}),
  stream: () => ({ webSocketStream: true }),
  // The class, where the platform has a better way.
  class: () => ({ webSocket: globalThis.WebSocket }),
};

/**
 * @param {{ contract: string, hostile: Record<string, string>, way?: string }} options `contract`, `hostile`: where the
 * servers listen
 * @returns what was run, by the parts of the suite, as JSON can say it
 */
export async function runSuite({ contract, hostile, way = "plain" }) {
  const options = ways[way]();
  const engine = Js.create(options);
  const capabilities = [...engine.capabilities];
  await engine.close();
  return {
    defaultEngine: await defaultEngine(),
    capabilities,
    contract: await runCases(
      engineContract(() => Js.create(options), contract),
      patience,
    ),
    hostile: await runCases(
      hostileCases(() => Js.create(options), hostile),
      patience,
    ),
  };
}

async function defaultEngine() {
  const client = new HttpClient();
  await client.close();
  return client.engine.name;
}
