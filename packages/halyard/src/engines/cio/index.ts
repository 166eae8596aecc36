// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/cio`.
import type { HttpClientEngineFactory } from "../../client/engine.ts";
import { CioEngine } from "./cio-engine.ts";
import type { CioOptions } from "./options.ts";

export type { AnswerLimits } from "../../protocol/handshake/client-handshake.ts";
export type { KeyLog } from "../../sockets/key-log.ts";
export type { Pins } from "../../sockets/pins.ts";
export type { TlsOptions } from "../../sockets/tls-options.ts";
export type { CioOptions } from "./options.ts";
export type { ProxyChoice } from "./proxy/proxies.ts";

/**
 * The engine on sockets of its own, for Node, Bun and Deno. Ktor:
 * `io.ktor.client.engine.cio.CIO`.
 */
export const Cio: HttpClientEngineFactory<CioOptions> = {
  name: "Cio",
  create: (options = {}) => new CioEngine(options),
};
