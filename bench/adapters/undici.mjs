// SPDX-License-Identifier: Apache-2.0
// The package `undici`.
import { Agent, WebSocket } from "undici";
import { whatwgOpen } from "./whatwg.mjs";

/**
 * @param {import("../cell.mjs").AdapterOptions} options
 * @returns {import("../cell.mjs").Open}
 */
export function prepare({ maxMessageSize }) {
  if (maxMessageSize === undefined) return whatwgOpen(WebSocket, "arraybuffer");
  const dispatcher = new Agent({ webSocket: { maxPayloadSize: maxMessageSize } });
  return whatwgOpen(WebSocket, "arraybuffer", { dispatcher });
}
