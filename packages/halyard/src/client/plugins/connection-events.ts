// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError } from "../../protocol/errors.ts";
import { checkType, pickOptions } from "../../session/options.ts";
import type { HttpClientPlugin, PluginInstance } from "../plugin.ts";
import { type ConnectionEvent, ConnectionWatch } from "./connection-watch.ts";

/** The plugin at work. */
export interface ConnectionEventsInstance extends PluginInstance {
  /** How many events the listener, or `onError`, has thrown at. */
  readonly failures: number;
}

/**
 * Tells what happens to each connection of a client, from the call to its end: phases and how long they took, addresses,
 * TLS, the answer. OkHttp's `EventListener`, Ktor's `client.monitor`.
 *
 * @example
 * ```ts
 * import { ConnectionEvents, HttpClient, WebSockets } from "halyard";
 *
 * const client = new HttpClient().install(WebSockets).install(ConnectionEvents, {
 *   listener: (event) => console.log(event.call, event.type, event.elapsed),
 * });
 * ```
 */
export const ConnectionEvents: HttpClientPlugin<
  "ConnectionEvents",
  ConnectionEvents.Config,
  ConnectionEventsInstance
> = {
  name: "ConnectionEvents",
  prepare(config) {
    const given = pickOptions<ConnectionEvents.Config>("ConnectionEvents", config, ["listener", "onError"]);
    const { listener, onError = () => undefined } = given;
    if (listener === undefined)
      throw new InvalidArgumentError("ConnectionEvents has nobody to tell: give a listener");
    checkType("listener", listener, "function");
    checkType("onError", onError, "function");
    let failures = 0;
    let calls = 0;
    const tell = (event: ConnectionEvent): void => {
      const failed = (error: unknown) => {
        failures++;
        try {
          onError(error, event);
        } catch {
          failures++;
        }
      };
      try {
        const promise = listener(event);
        if (promise instanceof Promise) promise.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
    return {
      watch: (call) => new ConnectionWatch(tell, ++calls, call),
      get failures() {
        return failures;
      },
    };
  },
};

export declare namespace ConnectionEvents {
  /** What `install(ConnectionEvents, config)` takes. */
  export interface Config {
    /** Is told, in the middle of things: it should be quick. A promise that it gives is not waited for. */
    readonly listener: (event: ConnectionEvent) => unknown;
    /**
     * Is told what the listener has thrown, or its promise rejects with; to the connection that does nothing.
     * @defaultValue it is counted, in `failures` of the plugin, and forgotten
     */
    readonly onError?: ((error: unknown, event: ConnectionEvent) => void) | undefined;
  }
}
