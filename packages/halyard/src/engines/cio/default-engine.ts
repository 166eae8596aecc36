// SPDX-License-Identifier: Apache-2.0
// What `#default-engine` is on Node, Bun and Deno.
export { Cio as defaultEngine } from "./index.ts";
