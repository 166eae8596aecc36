// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from "../../src/protocol/close-reason.ts";
import { FrameTooBigError } from "../../src/protocol/errors.ts";
import type { Side } from "./side.ts";

/** What must hold when a run is over, whatever has happened. @returns what does not, a line each */
export async function broken(sides: readonly [Side, Side]): Promise<string[]> {
  const [client, server] = sides;
  const lines: string[] = [];
  for (const side of sides) {
    const faults = [...side.faults, ...(await ofOne(side))];
    lines.push(...faults.map((fault) => `${side.name}: ${fault}`));
  }
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    lines.push(...ofMessages(from, to).map((fault) => `${from.name} to ${to.name}: ${fault}`));
  }
  return lines;
}

async function ofOne(side: Side): Promise<string[]> {
  const { session, transport, end } = side;
  const lines = Array.from(side.pending, (what) => `${what} has not settled`);
  // While a raw session closes, it is fragments that find no room.
  if (!side.isRaw || end?.discarded === 0) lines.push(...side.mangled);
  if (side.incomingEnd === undefined) lines.push("the reading has not ended");
  if (end === undefined) return lines;
  const expect = (holds: boolean, what: string) => holds || lines.push(what);
  const { closing } = transport;
  const reason = await session.closeReason;
  expect(end.reason === reason, "closeReason is not the reason of ended");
  expect(session.signal.aborted, "the signal has not aborted");
  const isComplete = closing.isComplete && !side.hasCancelled;
  expect(end.clean ? closing.isComplete : !isComplete, "clean is not whether both Close frames have passed");
  // A raw session need not answer the peer's Close frame.
  const isUnanswered = side.isRaw && closing.received !== null;
  expect(end.clean || isUnanswered || end.error !== undefined, "unclean without an error");
  expect(
    !end.clean || end.error === undefined || side.hasCancelled || !Object.is(end.error, closing.failure),
    "clean with a fault",
  );
  const { failure } = closing;
  expect(
    failure === null || failure instanceof FrameTooBigError,
    `a fault of a peer that has none: ${String(failure)}`,
  );
  const given = [end.sent, end.received, noCode(closing.received !== null && end.received === null)];
  const decided = given.some((one) => one?.code === reason.code) || isOfOurs(reason.code);
  expect(decided, `closeReason ${reason.code} is nobody's`);
  if (end.clean && end.initiator === "peer" && closing.received !== null) {
    expect(reason.code === (end.received?.code ?? 1005), "the peer closed, and its reason does not decide");
  }
  if (side.incomingEnd !== undefined && !side.hasCancelledIncoming) {
    const isNormal = side.incomingEnd.error === undefined;
    if (end.clean && end.error === undefined)
      expect(isNormal, `a loop over a clean end throws ${String(side.incomingEnd.error)}`);
    if (!end.clean && !isUnanswered) expect(!isNormal, "a loop over an unclean end ends normally");
  }
  const late = await session.send("late").then(
    () => "accepted",
    () => "refused",
  );
  expect(late === "refused", "a send after the end is accepted");
  expect(session.incoming.isClosedForReceive, "something is left in incoming");
  return lines;
}

function noCode(isSo: boolean): Pick<CloseReason, "code"> | null {
  return isSo ? { code: 1005 } : null;
}

/** Failed or lost: no Close frame needs to have passed. */
function isOfOurs(code: number): boolean {
  return code === 1006 || code === 1009 || code === 1011 || code === 1000 || code >= 3000 || code === 1001;
}

function ofMessages(from: Side, to: Side): string[] {
  const lines: string[] = [];
  const expect = (holds: boolean, what: string) => holds || lines.push(what);
  const { received } = to;
  const accepted = from.sent.flatMap(({ state }, number) => (state === "accepted" ? [number] : []));
  for (const [at, number] of received.entries()) {
    const before = received[at - 1] ?? -1;
    expect(number > before, `${number} comes after ${before}`);
    expect(from.sent[number]?.state === "accepted", `${number} was ${from.sent[number]?.state}, and came`);
  }
  if (from.end === undefined || to.end === undefined) return lines;
  const [sent, came] = [from.end.sent, to.end.received];
  if (to.transport.closing.received !== null) {
    expect(from.transport.closing.sent !== null, "a Close frame came that was not sent");
    expect(
      sent?.code === came?.code && sent?.message === came?.message,
      "the Close frame is not as it was sent",
    );
  }
  // What was accepted, and is not said to be unsent or dropped, is there.
  const { discarded, clean } = to.end;
  if (discarded === 0 && !to.hasCancelled && !to.hasCancelledIncoming) {
    const gap = received.findIndex((number, at) => number !== accepted[at]);
    expect(gap < 0, `${accepted[gap]} is missing before ${received[gap]}`);
  }
  // What is dropped by a program after the end is in no count.
  // What a raw session drops are fragments, perhaps the end of one message and the beginning of the next.
  const isExact = !to.hasCancelledIncoming && !(to.isRaw && discarded > 0);
  if (clean && to.end.error === undefined && isExact) {
    const missing = accepted.length - received.length;
    const { unsent } = from.end;
    expect(missing <= discarded + unsent, `${missing} are missing, ${discarded} discarded, ${unsent} unsent`);
    // Of one that its sender could not finish the beginning may have come, and is dropped, too.
    const refused = from.sent.length - accepted.length;
    expect(missing >= discarded - refused, `${missing} are missing, and ${discarded} discarded`);
  }
  return lines;
}
