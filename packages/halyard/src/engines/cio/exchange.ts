// SPDX-License-Identifier: Apache-2.0
import type { Attempt } from "../../client/engine.ts";
import { HandshakeError } from "../../protocol/errors.ts";
import type { ClientHandshake, HandshakeResult } from "../../protocol/handshake/client-handshake.ts";
import type { CancelTimer, Clock } from "../../session/clock.ts";
import { socketError } from "../../sockets/socket-errors.ts";
import type { SocketStream } from "../../sockets/socket-stream.ts";

/** How long the rest of a refusal's body is waited for, in milliseconds. The refusal itself is known by then. */
export const bodyGrace = 100;

export interface ExchangeContext {
  readonly attempt: Attempt;
  readonly clock: Clock;
  /** The URL for errors, free of secrets. */
  readonly safeUrl: string;
}

/**
 * Sends the request of a handshake and reads the answer.
 *
 * @param agreed - called in the same turn as the last byte of the answer is read, with whatever came behind it, which
 * is valid only during the call
 * @throws {@link HandshakeError}, {@link ConnectionError}, or the reason of an abort. The stream is destroyed then.
 */
export function exchange<T>(
  stream: SocketStream,
  handshake: ClientHandshake,
  context: ExchangeContext,
  agreed: (result: HandshakeResult) => T,
): Promise<T> {
  const { attempt, clock, safeUrl } = context;
  return new Promise((resolve, reject) => {
    let cancelGrace: CancelTimer | undefined;
    let isOver = false;
    const finish = () => {
      isOver = true;
      cancelGrace?.();
      attempt.onAbort(null);
    };
    const fail = (error: unknown) => {
      // The socket closes later. By then the attempt may be about another one, with a callback of its own.
      if (isOver) return;
      finish();
      const status = error instanceof HandshakeError ? error.status : undefined;
      if (status !== undefined) attempt.notice?.({ type: "answered", url: safeUrl, status });
      reject(error);
      stream.destroy();
    };
    attempt.onAbort(fail);
    if (isOver) return;
    const refuse = () => fail(handshake.refusal());
    stream.attach({
      received(chunk) {
        try {
          const result = handshake.receive(chunk);
          if (result !== null) {
            const made = agreed(result);
            finish();
            resolve(made);
            attempt.notice?.({ type: "answered", url: safeUrl, status: result.response.status });
          } else if (handshake.bodyComplete) {
            refuse();
          } else if (handshake.refused) {
            cancelGrace ??= clock.after(bodyGrace, refuse);
          }
        } catch (error) {
          fail(error);
        }
        return true;
      },
      ended: () => fail(handshake.eof()),
      closed: (error) => {
        // A refusal is known with its head; how the connection ends behind it adds nothing.
        const isAnswered = error === undefined || handshake.refused;
        fail(isAnswered ? handshake.eof() : socketError(error, "upgrade", safeUrl));
      },
    });
    stream.write([handshake.request], () => undefined);
    stream.resume();
  });
}
