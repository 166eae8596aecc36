// SPDX-License-Identifier: Apache-2.0
// A Worker that runs the suite of the Js engine: a request has the options in its body, the answer what came of it.
import { runSuite } from "./js-suite.mjs";

const worker = {
  fetch: async (request) => Response.json(await runSuite(await request.json())),
};

// What a Worker is.
export { worker as default };
