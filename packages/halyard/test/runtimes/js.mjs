// SPDX-License-Identifier: Apache-2.0
// Runs the suite of the Js engine and prints what came of it as a line of JSON: node js.mjs OPTIONS-AS-JSON
import { runSuite } from "./js-suite.mjs";

const result = await runSuite(JSON.parse(process.argv[2]));
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
