// SPDX-License-Identifier: Apache-2.0
import type { EngineRequest } from "halyard";

/** The headers of a request, names and values by turns: OkHttp knows no subprotocols. */
export function headersFor({ headers, subprotocols }: EngineRequest): string[] {
  const offer = subprotocols.length === 0 ? [] : ["Sec-WebSocket-Protocol", subprotocols.join(", ")];
  return [...headers.flat(), ...offer];
}
