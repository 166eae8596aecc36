// SPDX-License-Identifier: Apache-2.0
// A worker of a page that runs the suite of the Js engine: a message has the options, the answer what came of it.
import { runSuite } from "./js-suite.mjs";

addEventListener("message", async ({ data }) => postMessage(await runSuite(data)));
