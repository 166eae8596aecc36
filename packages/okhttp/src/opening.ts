// SPDX-License-Identifier: Apache-2.0
import { HalyardError } from "halyard";
import type { MessageListener, MessageSocket, Opened, Opening } from "halyard/engine";
import { type Answer, checkAnswer } from "./answer.ts";
import { type Failure, lossOf, openingError } from "./failure.ts";

/** Who is told what becomes of a connection that is being opened. */
export interface OpeningListener {
  /** It is open. @returns who is told what comes of it */
  opened(answer: Answer, socket: MessageSocket): MessageListener;
  /** It was not opened. */
  failed(why: Failure | HalyardError): void;
  /** What an open connection failed with; undefined for an end without a word. */
  lossOf(failure: Failure): Error | undefined;
}

/** Settles an attempt with what OkHttp says. */
export function openingListener(
  { attempt, safeUrl, listen }: Opening,
  pingInterval: number | undefined,
  settle: { resolve(opened: Promise<Opened>): void; reject(error: unknown): void },
): OpeningListener {
  return {
    opened(answer, socket) {
      attempt.onAbort(null);
      settle.resolve(openedWith(answer, safeUrl));
      return listen(socket);
    },
    failed(why) {
      attempt.onAbort(null);
      settle.reject(HalyardError.is(why) ? why : openingError(why, safeUrl));
    },
    lossOf: (failure) => lossOf(failure, safeUrl, pingInterval),
  };
}

/** @throws {@link HandshakeError} */
async function openedWith(answer: Answer, url: string): Promise<Opened> {
  const headers = checkAnswer(answer, url);
  const subprotocol = headers.get("sec-websocket-protocol") ?? "";
  return { subprotocol, response: { status: answer.status, headers } };
}
