// SPDX-License-Identifier: Apache-2.0
// Runs the engine contract with Cio and prints what came of it as a line of JSON: node contract.mjs URL
import { Cio } from "halyard/cio";
import { engineContract } from "halyard/testing";
import { runCases } from "./cases.mjs";

const [url] = process.argv.slice(2);
const { capabilities } = Cio.create();
const result = await runCases(engineContract(() => Cio.create(), url));
process.stdout.write(`${JSON.stringify({ ...result, capabilities: [...capabilities] })}\n`, () =>
  process.exit(),
);
