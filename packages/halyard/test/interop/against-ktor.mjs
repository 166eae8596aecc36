// SPDX-License-Identifier: Apache-2.0
// Runs the engine contract, and the cases of Ktor's documentation and tests, against a Ktor server, and prints what came of it
// as a line of JSON: node against-ktor.mjs ENGINE URL CLASS-PATH
import { OkHttp } from "@halyard/okhttp";
import { Cio } from "halyard/cio";
import { Js } from "halyard/js";
import { engineContract } from "halyard/testing";
import { runCases } from "./cases.mjs";
import { ktorCases, leftOut } from "./ktor-cases.mjs";

/** @type {Record<string, () => import("halyard").HttpClientEngine>} */
const engines = {
  Cio: () => Cio.create(),
  Js: () => Js.create(),
  OkHttp: () => OkHttp.create({ classPath }),
};
const patience = 20_000;

const [engine, url, classPath] = process.argv.slice(2);
const contract = engineContract(engines[engine], url).filter(({ name }) => !(name in leftOut));
const result = {
  contract: await runCases(contract, patience),
  ktor: await runCases(ktorCases(engines[engine], url), patience),
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
