// SPDX-License-Identifier: Apache-2.0
// The entry `halyard/testing`.
export { VirtualClock } from "./virtual-clock.ts";
