// SPDX-License-Identifier: Apache-2.0
import { type CloseReason, HalyardError } from "halyard";

/** Why a connection has ended, for people. */
export function reasonInWords({ code, message }: CloseReason): string {
  if (message !== "" && [1001, 1008, 1013].includes(code)) return message;
  if (code === 1001) return "The server has gone away.";
  if (code === 1005 || code === 1006) return "The connection was lost.";
  return `The server has closed the connection (${code}).`;
}

/** What went wrong, for people. */
export function errorInWords(error: unknown): string {
  if (!HalyardError.is(error)) return error instanceof Error ? error.message : String(error);
  switch (error.code) {
    case "ERR_HALYARD_CONNECTION":
    case "ERR_HALYARD_HANDSHAKE":
      return error.phase === "open" ? "The connection was lost." : "The server cannot be reached.";
    case "ERR_HALYARD_TIMEOUT":
    case "ERR_HALYARD_PING_TIMEOUT":
      return "The server does not answer.";
    default:
      return error.message;
  }
}
