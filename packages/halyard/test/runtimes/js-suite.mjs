// SPDX-License-Identifier: Apache-2.0
// What is run with the Js engine on every platform. It knows none of them.
import { HttpClient } from "halyard";
import { Js } from "halyard/js";
import { engineContract } from "halyard/testing";
import { runCases } from "./cases.mjs";

/** Ways to make the engine. @type {Record<string, () => import("halyard/js").JsOptions>} */
const ways = {
  plain: () => ({}),
  stream: () => ({ webSocketStream: true }),
  // The class, where the platform has a better way.
  class: () => ({ webSocket: globalThis.WebSocket }),
};

/**
 * @param {{ contract: string, way?: string }} options `contract`: the URL of the contract's server
 * @returns what was run, by the parts of the suite, as JSON can say it
 */
export async function runSuite({ contract, way = "plain" }) {
  const options = ways[way]();
  const engine = Js.create(options);
  const capabilities = [...engine.capabilities];
  await engine.close();
  return {
    defaultEngine: await defaultEngine(),
    capabilities,
    contract: await runCases(engineContract(() => Js.create(options), contract)),
  };
}

async function defaultEngine() {
  const client = new HttpClient();
  await client.close();
  return client.engine.name;
}
