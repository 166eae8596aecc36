// SPDX-License-Identifier: Apache-2.0
import type { EngineCapability, HttpClientEngine } from "../../client/engine.ts";
import { HttpClient } from "../../client/http-client.ts";
import { WebSockets } from "../../client/web-sockets.ts";

/** A client as the cases use it. */
export type ContractClient = HttpClient<"WebSockets">;

/** What a case is run with. */
export interface ContractContext {
  /** The base URL of the contract server, without a path. */
  readonly url: string;
  /** A client on the engine, which the suite closes after the case. */
  readonly client: (config?: WebSockets.Config) => ContractClient;
  /** A client that has no plugin. */
  readonly bareClient: () => HttpClient;
}

/** One thing that every engine must do, unless it says that it lacks a capability. */
export interface ContractCase {
  /** A sentence. */
  readonly name: string;
  readonly needs?: readonly EngineCapability[];
  run(context: ContractContext): Promise<void>;
}

/** Runs a case on an engine of its own, and releases all it opened. */
export async function runCase(
  contractCase: ContractCase,
  url: string,
  makeEngine: () => HttpClientEngine,
): Promise<void> {
  const engine = makeEngine();
  const clients: HttpClient[] = [];
  const bareClient = () => {
    const client = new HttpClient(engine);
    clients.push(client);
    return client;
  };
  const client = (config?: WebSockets.Config) => bareClient().install(WebSockets, config);
  try {
    await contractCase.run({ url, bareClient, client });
  } finally {
    await Promise.all(clients.map((each) => each.close()));
    await engine.close();
  }
}

/** @throws an error that says what was expected */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [shown, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (shown !== wanted) throw new Error(`${what} is ${shown} and should be ${wanted}`);
}

/** @returns the error that the promise rejects with. @throws an error if it does not */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (outcome === undefined) throw new Error("a promise that should have been rejected was resolved");
  return outcome.error;
}

/** The `code` of an error of Halyard. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : String(error);
}
