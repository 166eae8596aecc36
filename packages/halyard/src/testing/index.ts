// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/testing`.
export { type EngineContractCase, engineContract } from "./contract/engine-contract.ts";
export { type ContractServer, contractRoutes, contractSubprotocols } from "./contract/routes.ts";
export { VirtualClock } from "./virtual-clock.ts";
