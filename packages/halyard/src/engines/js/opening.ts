// SPDX-License-Identifier: Apache-2.0
import { HandshakeError } from "../../protocol/errors.ts";

/** Platforms hide from a page why a connection failed. @param cause - what they tell all the same */
export function openingFailed(safeUrl: string, cause: unknown): HandshakeError {
  const why = cause instanceof Error ? cause.message : "the platform does not tell why";
  return new HandshakeError(`the connection to ${safeUrl} could not be opened: ${why}`, {
    // It may be any: the name, the network, TLS, the answer.
    phase: undefined,
    url: safeUrl,
    cause,
  });
}
