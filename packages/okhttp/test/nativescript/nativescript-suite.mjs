// SPDX-License-Identifier: Apache-2.0
// Runs what OkHttp on NativeScript must do, on the double of its globals and one version of the real OkHttp, and prints what came
// of it as a line of JSON: node nativescript-suite.mjs OPTIONS-AS-JSON
import process from "node:process";
import { OkHttp } from "@halyard/okhttp/nativescript";
import { engineContract } from "halyard/testing";
import { runCases } from "./cases.mjs";
import { installGlobals } from "./globals.mjs";
import { hostileParts } from "./hostile-parts.mjs";
import { ownCases, sessionCases } from "./session-cases.mjs";

const {
  contract,
  hostile,
  wanted = "",
  bail = false,
  patience = 30_000,
  ...surroundings
} = JSON.parse(process.argv[2]);
installGlobals([surroundings.classes, ...surroundings.jars]);
const make = (options = {}) => OkHttp.create(options);
const { capabilities } = make();
const parts = {
  contract: engineContract(make, contract),
  ...hostileParts(make, hostile, surroundings.version, ["nativescript"]),
  session: ownCases(sessionCases, { ...surroundings, make }, capabilities),
};
const result = { capabilities: [...capabilities] };
for (const [part, cases] of Object.entries(parts)) {
  const chosen = cases.filter(({ name }) => new RegExp(wanted).test(`${part}: ${name}`));
  result[part] = await runCases(chosen, patience);
  if (bail && result[part].failures.length > 0) break;
}
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
