// SPDX-License-Identifier: Apache-2.0
import { HandshakeError, type HandshakeErrorContext } from "../errors.ts";

const QUOTED_LENGTH = 80;

/**
 * Shows text of unknown origin inside a message: cut to 80 characters, and anything but printable ASCII escaped,
 * so that it can neither forge a log line nor steer a terminal.
 */
export function quote(text: string): string {
  const shown = text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}...` : text;
  return JSON.stringify(shown).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Makes the error of a failed handshake; `reason` completes "handshake with ... failed". */
export function handshakeError(reason: string, context: HandshakeErrorContext): HandshakeError {
  const peer = context.url === undefined ? "" : ` with ${context.url}`;
  return new HandshakeError(`handshake${peer} failed: ${reason}`, context);
}
