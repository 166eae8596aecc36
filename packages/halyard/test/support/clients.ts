// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import { Cio, type CioOptions } from "../../src/engines/cio/index.ts";
import { HttpClient, WebSockets } from "../../src/index.ts";

/** A client with the plugin, and bounds that a test can wait for. */
export function testClient(
  config: WebSockets.Config = {},
  options: CioOptions = {},
): HttpClient<"WebSockets", CioOptions> {
  return new HttpClient(Cio, options).install(WebSockets, {
    handshakeTimeout: 5_000,
    closeTimeout: 2_000,
    ...config,
  });
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it should have been rejected");
}

/** What a promise that must reject with an error of the given class rejects with. */
export async function failure<E>(
  promise: Promise<unknown>,
  // biome-ignore lint: constructors of errors differ in their parameters
  type: abstract new (...args: never[]) => E,
): Promise<E> {
  const error = await rejection(promise);
  expect(error).toBeInstanceOf(type);
  return error as E;
}
