// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/server`.
export type { ServerOptions } from "./options.ts";
export type { AllowedOrigins } from "./origin.ts";
export { type SessionHandler, type UpgradeRequest, type UpgradeSocket, upgradeWebSocket } from "./upgrade.ts";
export { type ListenOptions, WebSocketServer, type WebSocketServerOptions } from "./web-socket-server.ts";
