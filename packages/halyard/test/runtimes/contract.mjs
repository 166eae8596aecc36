// SPDX-License-Identifier: Apache-2.0
// Runs the engine contract with Cio and prints what came of it as a line of JSON: node contract.mjs URL
import { Cio } from "halyard/cio";
import { engineContract } from "halyard/testing";
import { runCases } from "./cases.mjs";

/** With one byte a read, the largest message alone takes seconds. */
const patience = 60_000;

const [url] = process.argv.slice(2);
const { capabilities } = Cio.create();
const cases = engineContract(() => Cio.create(), url);
const result = { ...(await runCases(cases, patience)), capabilities: [...capabilities] };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
