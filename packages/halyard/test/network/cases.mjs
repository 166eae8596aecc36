// SPDX-License-Identifier: Apache-2.0
// What happens to the network, and what must come of it. Rows of the catalogue of threats are in the names.
import { addressCases } from "./address-cases.mjs";
import { deathCases } from "./death-cases.mjs";
import { lineCases } from "./line-cases.mjs";

/** @type {Record<string, (network: import("./namespaces.mjs").Network) => Promise<void>>} */
export const cases = { ...deathCases, ...lineCases, ...addressCases };
