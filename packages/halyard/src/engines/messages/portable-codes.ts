// SPDX-License-Identifier: Apache-2.0
import { CloseReason } from "../../protocol/close-reason.ts";

/** What every platform lets a program send: WHATWG's `close(code)` takes nothing else. */
export function isPortable(code: number): boolean {
  return code === CloseReason.Codes.NORMAL || code >= 3000;
}

/** A reason of our own, by a code that can be sent: 1001 is 4001, 1011 is 4011. */
export function portableReason(reason: CloseReason): CloseReason {
  const { code, message } = reason;
  return isPortable(code) ? reason : new CloseReason(3000 + code, message);
}
