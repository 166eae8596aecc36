// SPDX-License-Identifier: Apache-2.0
// Plays a case of the handshake against a client of ours, and checks what holds in every one of them.

import { expect } from "vitest";
import { deflate } from "../../src/extensions/deflate/node/index.ts";
import type { WebSockets } from "../../src/index.ts";
import { acceptFor } from "../../src/protocol/handshake/accept-key.ts";
import type { Peer } from "../support/hostile-server.ts";
import { turn, turns, until } from "../support/leaks.ts";
import type { AnswerCase, AnswerStep } from "./cases/answer.ts";
import { clientBy, freshKey, type HttpWay, type MakeClient, serverBy } from "./meeting.ts";
import { drain } from "./outcome.ts";
import { isPlatform } from "./play.ts";

/** How a client gets to a server, and how that writes. */
export interface AnswerSide {
  readonly name: string;
  readonly way: HttpWay;
  readonly byteByByte?: true;
  /** Of `okhttp`. */
  readonly client?: MakeClient;
}

/** An error, or a session that was opened. */
export type Answered =
  | { readonly error: Error & { readonly code?: string } }
  | { readonly received: readonly string[]; readonly reason: number };

/** No case takes longer, in milliseconds. */
const bound = 5_000;

/** What is worth to be written byte by byte. */
const fewBytes = 2_000;

/** Plays a case, and gives what came of it. */
export async function playAnswer(side: AnswerSide, [, , steps, , more = {}]: AnswerCase): Promise<Answered> {
  const { way } = side;
  const began = performance.now();
  await using server = await serverBy(way, async (peer, breakOff) => {
    const key = freshKey(await peer.request());
    for (const step of steps) await perform(peer, side, { step, key, breakOff });
    // A platform may accept what we do not.
    if (isPlatform(way) && more.config?.handshakeTimeout === undefined) await patience(peer);
    else await until(() => peer.received.length > 0 || peer.isGone, "the client has answered, or is gone");
    peer.end();
  });
  const config: WebSockets.Config = {
    pingInterval: 0,
    closeTimeout: 2 * bound,
    // Nor may a platform have any limit.
    handshakeTimeout: isPlatform(way) ? bound / 5 : 2 * bound,
    ...more.config,
    ...(more.offersDeflate && { extensions: [deflate()] }),
    // A process of its own is not as fast as its deadline may be.
    ...(way === "okhttp" && { handshakeTimeout: bound / 5 }),
  };
  await using client = clientBy(way, config, side.client);
  const { subprotocols } = more;
  const url = way === "TLS" ? server.secureUrl : server.url;
  const answered = await client.webSocketSession({ url, subprotocols }).then(
    async (session) => {
      const received = await drain({ session });
      return { received, reason: (await session.closeReason).code };
    },
    (error: Error) => ({ error }),
  );
  expect(performance.now() - began, "the time that it took").toBeLessThan(bound);
  expect(server.peers, "the connections").toHaveLength(1);
  // A platform may keep what it has refused; we have let go of it, without any help.
  if (isPlatform(way)) server.peer.socket.destroy();
  await server.abandoned();
  return answered;
}

interface Doing {
  readonly step: AnswerStep;
  readonly key: string;
  readonly breakOff: () => void;
}

async function perform(
  peer: Peer,
  { byteByByte }: AnswerSide,
  { step, key, breakOff }: Doing,
): Promise<void> {
  if (typeof step === "string" || step instanceof Uint8Array) {
    const bytes = typeof step === "string" ? filled(step, key) : step;
    if (!byteByByte || bytes.length > fewBytes) return peer.write(bytes);
    for (const byte of bytes) {
      peer.write(Uint8Array.of(byte));
      await turn();
    }
  } else if ("pours" in step) {
    await peer.pour(endlessly(Buffer.from(step.pours, "latin1")));
  } else if ("drips" in step) {
    await peer.drip(() => step.drips);
  } else if (step.does === "end") {
    peer.end();
  } else {
    await turns();
    breakOff();
  }
}

function filled(text: string, key: string): Buffer {
  return Buffer.from(text.replaceAll("{key}", key).replaceAll("{accept}", acceptFor(key)), "latin1");
}

function* endlessly(chunk: Uint8Array): Generator<Uint8Array> {
  for (;;) yield chunk;
}

/** Some time for a platform to say something. */
async function patience(peer: Peer): Promise<void> {
  for (let passed = 0; passed < 100 && peer.received.length === 0 && !peer.isGone; passed++) await turn();
}
