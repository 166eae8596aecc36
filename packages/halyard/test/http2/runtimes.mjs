// SPDX-License-Identifier: Apache-2.0
// What does not work over HTTP/2 on a runtime, by its cases of the contract, and why.

/** @type {Partial<Record<import("../../../../runtimes/commands.mjs").Runtime, Record<string, string>>>} */
export const cannotOnRuntime = {};
