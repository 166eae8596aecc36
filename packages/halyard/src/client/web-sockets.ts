// SPDX-License-Identifier: Apache-2.0
import { ownOptions } from "../protocol/given.ts";
import { type ResolvedSessionConfig, resolveConfig, type SessionConfig } from "../session/config.ts";
import type { HttpClientPlugin, PluginInstance } from "./plugin.ts";

/** The plugin at work: its configuration, with all defaults. */
export interface WebSocketsInstance extends PluginInstance {
  readonly config: ResolvedSessionConfig;
  /** What was configured, as opposed to left to the defaults. @internal */
  readonly given: SessionConfig;
}

/**
 * Lets a client open WebSocket sessions: `new HttpClient(Cio).install(WebSockets, { ... })`.
 * Ktor: `io.ktor.client.plugins.websocket.WebSockets`.
 */
export const WebSockets: HttpClientPlugin<"WebSockets", WebSockets.Config, WebSocketsInstance> = {
  name: "WebSockets",
  prepare: (config) => ({ config: resolveConfig("WebSockets", config), given: ownOptions(config) }),
};

export declare namespace WebSockets {
  /** What `install(WebSockets, config)` takes. Ktor: `WebSockets.Config`. */
  export type Config = SessionConfig;
}
