// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/js`.
import type { HttpClientEngineFactory } from "../../client/engine.ts";
import { MessageEngine } from "../messages/message-engine.ts";
import { JsBinding } from "./js-binding.ts";
import type { JsOptions } from "./options.ts";

export type { JsOptions } from "./options.ts";
export type { JsRequest, WebSocketConstructor, WebSocketLike } from "./web-socket-like.ts";

/**
 * The engine on the platform's own WebSocket: browsers, Workers, React Native, and Node from 22 on, Bun and Deno, where
 * Cio can do more. What it can do depends on the platform, and `engine.capabilities` tells; what it cannot is an
 * {@link UnsupportedCapabilityError}. Ktor: `io.ktor.client.engine.js.Js`.
 */
export const Js: HttpClientEngineFactory<JsOptions> = {
  name: "Js",
  create: (options = {}) => new MessageEngine(new JsBinding(options)),
};
