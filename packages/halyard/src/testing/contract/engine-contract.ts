// SPDX-License-Identifier: Apache-2.0
import type { HttpClientEngine } from "../../client/engine.ts";
import { cancellation } from "./cancellation.ts";
import { closing } from "./closing.ts";
import { type ContractCase, runCase } from "./contract-case.ts";
import { handshake } from "./handshake.ts";
import { ktorPage } from "./ktor-page.ts";
import { messages } from "./messages.ts";

/** A case for whatever test runner is at hand: `test(name, run)`. */
export interface EngineContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const cases: readonly ContractCase[] = [...ktorPage, ...handshake, ...messages, ...closing, ...cancellation];

/**
 * What every engine must do, as cases without a runner. Which of them apply is decided by the engine's capabilities,
 * never by its name.
 *
 * @param makeEngine - makes an engine; each case has its own, and closes it
 * @param url - where a server listens that has the {@link contractRoutes} and speaks {@link contractSubprotocols}; with
 * a scheme and without a path
 */
export function engineContract(makeEngine: () => HttpClientEngine, url: string): EngineContractCase[] {
  const { capabilities } = makeEngine();
  const applicable = cases.filter(({ needs = [] }) =>
    needs.every((capability) => capabilities.has(capability)),
  );
  return applicable.map((each) => ({ name: each.name, run: () => runCase(each, url, makeEngine) }));
}
