// SPDX-License-Identifier: Apache-2.0
// Runs what OkHttp in the JVM must do on one runtime and one version, and prints what came of it as a line of JSON:
// node suite.mjs OPTIONS-AS-JSON
import process from "node:process";
import { OkHttp } from "@halyard/okhttp";
import { engineContract } from "halyard/testing";
import { runCases } from "./cases.mjs";
import { hostileParts } from "./hostile-parts.mjs";
import { jvmCases } from "./jvm-cases.mjs";
import { clientOf, ownCases, sessionCases } from "./session-cases.mjs";

const {
  contract,
  hostile,
  wanted = "",
  bail = false,
  patience = 30_000,
  features,
  ...surroundings
} = JSON.parse(process.argv[2]);
const { classPath } = surroundings;
const make = (options = {}) => OkHttp.create({ classPath, ...options });
const on = { ...surroundings, make };

// While it is open the cases share a JVM.
const keeper = make();
await clientOf(keeper).webSocketSession(`${contract}/echo`);

const has = new Set([...keeper.capabilities, ...features]);
/** @type {Record<string, { name: string, run: () => Promise<void> }[]>} */
const parts = {
  contract: engineContract(make, contract),
  ...hostileParts(make, hostile, surroundings.version),
  session: ownCases(sessionCases, on, has),
  jvm: ownCases(jvmCases, on, has),
};
const result = { capabilities: [...keeper.capabilities] };
for (const [part, cases] of Object.entries(parts)) {
  const chosen = cases.filter(({ name }) => new RegExp(wanted).test(`${part}: ${name}`));
  result[part] = await runCases(chosen, patience);
  if (bail && result[part].failures.length > 0) break;
}
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
