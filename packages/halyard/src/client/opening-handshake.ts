// SPDX-License-Identifier: Apache-2.0
import { HandshakeError } from "../protocol/errors.ts";
import type { Attempt, EngineConnection, EngineRequest, HttpClientEngine } from "./engine.ts";
import { type HttpAnswer, type Interceptor, originOf, sendThrough } from "./http-send.ts";

/** A connection, and the request that was agreed to, where it may be another than the first. */
export interface AgreedHandshake extends EngineConnection {
  readonly request?: EngineRequest;
}

/** What the chain sees of a handshake: an agreement, or a refusal. */
interface HandshakeAnswer extends HttpAnswer {
  readonly outcome: AgreedHandshake | HandshakeError;
}

/**
 * Makes a handshake through interceptors, which may take more than one.
 *
 * @param open - makes one handshake, perhaps with a request that an interceptor has changed
 */
export async function openThrough(
  chain: readonly Interceptor[],
  engine: HttpClientEngine,
  request: EngineRequest,
  attempt: Attempt,
  open: (request: EngineRequest) => Promise<EngineConnection>,
): Promise<AgreedHandshake> {
  const opened = new Set<AgreedHandshake>();
  const send = sendThrough<EngineRequest, HandshakeAnswer>(
    chain,
    { kind: "webSocket", origin: originOf(request.url), clock: engine.clock, signal: attempt.signal },
    async (outgoing) => {
      attempt.signal.throwIfAborted();
      const answer = await answerOf(open(outgoing), outgoing);
      if (!(answer.outcome instanceof HandshakeError)) opened.add(answer.outcome);
      return answer;
    },
  );
  try {
    const { outcome } = await send(request);
    if (outcome instanceof HandshakeError) throw outcome;
    opened.delete(outcome);
    return outcome;
  } finally {
    // An interceptor may have agreed with one server, and then failed, or asked another.
    for (const { transport } of opened) transport.dispose();
  }
}

async function answerOf(
  opening: Promise<EngineConnection>,
  request: EngineRequest,
): Promise<HandshakeAnswer> {
  try {
    const connection = await opening;
    const { status, headers } = connection.response;
    return { status, headers, outcome: { ...connection, request } };
  } catch (error) {
    // Without a status, or with a 101 that breaks the rules, there is nothing to answer to.
    if (!(error instanceof HandshakeError)) throw error;
    const { status, headers } = error;
    if (status === undefined || status === 101 || headers === undefined) throw error;
    return { status, headers, outcome: error };
  }
}
