// SPDX-License-Identifier: Apache-2.0
// A client on Darwin on a double of Foundation, which checks at the end that the engine has used it well.
import { HttpClient, WebSockets } from "halyard";
import { expect } from "vitest";
import { until } from "../../halyard/test/support/leaks.ts";
import { Darwin, type DarwinOptions } from "../src/index.ts";
import { type FoundationDouble, type FoundationOptions, foundationDouble } from "./foundation/foundation.ts";

export interface Setting extends FoundationOptions {
  readonly config?: WebSockets.Config;
  readonly options?: DarwinOptions;
}

export interface DarwinClient extends AsyncDisposable {
  readonly client: HttpClient<"WebSockets", DarwinOptions>;
  readonly double: FoundationDouble;
}

const calm: WebSockets.Config = { pingInterval: 0, closeTimeout: 2_000, handshakeTimeout: 5_000 };

export function darwinClient({ config, options, ...foundation }: Setting = {}): DarwinClient {
  const double = foundationDouble(foundation);
  const client = new HttpClient(Darwin, { binding: double.foundation, ...options }).install(WebSockets, {
    ...calm,
    ...config,
  });
  return {
    client,
    double,
    async [Symbol.asyncDispose]() {
      await client.close();
      expect(double.misuses).toEqual([]);
      await until(() => double.activeTasks === 0, "the end of all tasks");
      for (const session of double.sessions) expect(session.isInvalid).toBe(true);
    },
  };
}
