// SPDX-License-Identifier: Apache-2.0
// The WebSocket that the platform itself has: Node from 22 on, Bun, Deno.
import { whatwgOpen } from "./whatwg.mjs";

// Naming it loads it, where it is loaded late.
const { WebSocket, Bun } = /** @type {any} */ (globalThis);

// Bun's own binary type is Node's Buffer, which it makes fastest.
export const prepare = () => whatwgOpen(WebSocket, Bun ? undefined : "arraybuffer");
