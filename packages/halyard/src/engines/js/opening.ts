// SPDX-License-Identifier: Apache-2.0
import type { Attempt } from "../../client/engine.ts";
import { HandshakeError } from "../../protocol/errors.ts";
import type { MessageListener, MessageSocket } from "../messages/message-socket.ts";

/** What every way of opening a connection is given. */
export interface Opening {
  readonly attempt: Attempt;
  readonly safeUrl: string;
  /** Called in the turn in which the connection is open, so that no message comes before. */
  readonly listen: (socket: MessageSocket) => MessageListener;
}

/** What is known of a connection that is open. */
export interface Opened {
  readonly subprotocol: string;
  /** Only where the platform shows it. */
  readonly response?: { readonly status: number; readonly headers: Headers } | undefined;
}

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
