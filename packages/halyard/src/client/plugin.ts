// SPDX-License-Identifier: Apache-2.0
import type { AttemptWatch, WatchedCall } from "./attempt-watch.ts";
import type { Interceptor, SendStage } from "./http-send.ts";
import type { RequestParts } from "./request-parts.ts";
import type { RequestTimeouts } from "./request-timeouts.ts";

/**
 * Something that a client can be given by `install`.
 *
 * @typeParam Name - what stands in the type of a client that has it
 * @typeParam Config - its options
 * @typeParam Instance - what `client.plugin()` gives
 */
export interface HttpClientPlugin<
  Name extends string,
  Config extends object,
  Instance extends PluginInstance,
> {
  readonly name: Name;
  /**
   * Makes the plugin of its configuration, which it copies.
   *
   * @throws {@link InvalidArgumentError} for an option that does not exist or cannot be used
   */
  prepare(config: Config): Instance;
}

/** A plugin at work: it may rewrite the requests of its client, and stand between them and the engine. */
export interface PluginInstance {
  /** Called for each request, in the order of installation, before the URL is made. */
  onRequest?(request: RequestParts): void;
  /** Called for each call to open a session, before anything is done for it: what it gives is told how it goes. */
  readonly watch?: (call: WatchedCall) => AttemptWatch;
  /** Called with each request that is sent. Ktor: `HttpSend.intercept`. */
  readonly intercept?: Interceptor;
  /** Where in the chain {@link intercept} stands. @defaultValue "wire" */
  readonly stage?: SendStage;
  /** Bounds in time for the requests of its client. */
  readonly timeouts?: RequestTimeouts;
}
