// SPDX-License-Identifier: Apache-2.0
import type { HttpClientPlugin, PluginInstance } from "../plugin.ts";
import { checkTimeouts, type RequestTimeouts } from "../request-timeouts.ts";

/** Bounds in time for all requests of a client; the `timeout` of a request wins over each. Ktor: `HttpTimeout`. */
export const HttpTimeout: HttpClientPlugin<"HttpTimeout", HttpTimeout.Config, PluginInstance> = {
  name: "HttpTimeout",
  prepare: (config) => ({ timeouts: checkTimeouts("HttpTimeout", config) }),
};

export declare namespace HttpTimeout {
  /** What `install(HttpTimeout, config)` takes. Ktor: `HttpTimeoutConfig`. */
  export type Config = RequestTimeouts;
}
