// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/server`.

export { type ConnectHeaders, type ConnectStream, connectWebSocket } from "./http2-request.ts";
export type { ServerOptions } from "./options.ts";
export type { AllowedOrigins } from "./origin.ts";
export { type UpgradeRequest, type UpgradeSocket, upgradeWebSocket } from "./upgrade.ts";
export type { SessionHandler } from "./upgrader.ts";
export { type ListenOptions, WebSocketServer, type WebSocketServerOptions } from "./web-socket-server.ts";
