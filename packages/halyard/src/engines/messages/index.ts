// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/engine`: for engines that live in packages of their own.
export { refuseReserved } from "../../protocol/handshake/http-format.ts";
export { systemClock } from "../../session/clock.ts";
export { checkLimit, checkPeriod, checkTimeout } from "../../session/durations.ts";
export { checkType, pickOptions } from "../../session/options.ts";
export { Deferred } from "../../session/waiting.ts";
export { type MessageBinding, MessageEngine, type Opened, type Opening } from "./message-engine.ts";
export type { MessageListener, MessageSocket } from "./message-socket.ts";
export { MessageTransport, type MessageTransportOptions } from "./message-transport.ts";
