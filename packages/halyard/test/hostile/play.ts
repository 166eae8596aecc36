// SPDX-License-Identifier: Apache-2.0
// Plays a case against a session of ours, and checks what holds in every one of them: one outcome, in time, and nothing left.
import { expect } from "vitest";
import type { DefaultWebSocketSession } from "../../src/index.ts";
import { bytesOf, concat, type Role, toRole } from "../protocol/support.ts";
import { rejection } from "../support/clients.ts";
import { turn, until } from "../support/leaks.ts";
import type { Action, More, Outcome, Platform, Program, SessionCase, Step } from "./cases/case.ts";
import { type MakeClient, type Meeting, type MeetingOptions, meet, type Way } from "./meeting.ts";
import { drain, outcomeOf } from "./outcome.ts";
import type { HostilePeer } from "./peer.ts";

/** A session's role, how it is reached, and how its peer writes. */
export interface Side {
  readonly name: string;
  readonly role: Role;
  readonly way: Way;
  readonly byteByByte?: true;
  /** Only the first case of each row. */
  readonly sample?: true;
  /** Of `okhttp`. */
  readonly client?: MakeClient;
}

/** No case takes longer, in milliseconds; those that wait for a deadline of ours set a shorter one. */
const bound = 5_000;

/** What of a peer's bytes is worth to be written one by one. */
const fewBytes = 2_000;

/** Whether a case can be played on a side. */
export function applies({ role, way, byteByByte }: Side, [, , steps, , more = {}]: SessionCase): boolean {
  if (more.role !== undefined && more.role !== role) return false;
  if (byteByByte && (more.timed || sizeOf(role, steps) > fewBytes)) return false;
  if (!isPlatform(way)) return true;
  // Limits are the platform's own.
  const { extensions: _, closeTimeout: __, ...limits } = more.config ?? {};
  return Object.keys(limits).length === 0 && more[way]?.length !== 0;
}

export function isPlatform(way: Way): way is Platform {
  return way === "undici" || way === "ws" || way === "okhttp";
}

/** Plays a case, and gives what came of it. */
export async function play(side: Side, [, , steps, , more = {}]: SessionCase): Promise<Outcome> {
  const began = performance.now();
  await using met = await meet(side.role, optionsOf(side, more), side.way);
  const { program = {} } = more;
  const closing = close(met.session, program);
  const received = program.readsLate ? met.session.closeReason.then(() => drain(met)) : drain(met);
  await act(met, side, steps);
  if (isPlatform(side.way)) await leave(met.peer);
  const { wire, ...end } = await outcomeOf(met, received);
  // How many pings there were is a matter of time.
  const heard = more.timed ? wire.filter((frame) => !frame.startsWith("ping")) : wire;
  const outcome = { ...end, wire: heard, ...(await closing) };
  await settled(met, outcome);
  expect(performance.now() - began, "the time that it took").toBeLessThan(bound);
  for (const { isMasked } of met.peer.frames) expect(isMasked, "a client masks").toBe(side.role === "client");
  return outcome;
}

function optionsOf({ client }: Side, { config, agreed }: More): MeetingOptions {
  return { closeTimeout: 2 * bound, client, ...config, ...(agreed !== undefined && { agreed }) };
}

/** Closes, where our program does that, and gives the code that is the answer. */
async function close(
  session: DefaultWebSocketSession,
  { closes }: Program,
): Promise<Pick<Outcome, "answer">> {
  if (closes === undefined) return {};
  const end = await session.close(closes);
  expect(end).toBe(await session.ended);
  expect(end).toMatchObject({ initiator: "local", reason: closes });
  return { answer: end.received?.code ?? null };
}

async function act(met: Meeting, side: Side, steps: readonly Step[]): Promise<void> {
  let said: Uint8Array[] = [];
  for (const step of steps) {
    if (!isAction(step)) {
      said.push(typeof step === "function" ? step(side.role) : toRole(side.role, step));
      continue;
    }
    await write(met.peer, side, said);
    said = [];
    await perform(met, side, step);
  }
  await write(met.peer, side, said);
}

async function write(peer: HostilePeer, { byteByByte }: Side, said: readonly Uint8Array[]): Promise<void> {
  if (said.length === 0) return;
  if (byteByByte) await peer.drip(concat(said));
  else peer.socket.write(concat(said));
}

async function perform({ session, peer }: Meeting, { way }: Side, action: Action): Promise<void> {
  // When a platform lets go of a connection is its own affair.
  const isOver = () => peer.hasEnded || peer.isGone || (isPlatform(way) && session.signal.aborted);
  if ("hears" in action) {
    await until(() => peer.heard.includes(action.hears), action.hears);
  } else if ("goesOn" in action) {
    while (!isOver()) {
      peer.say(...action.goesOn);
      await turn();
    }
  } else if (action.does === "end") {
    peer.socket.end();
  } else if (action.does === "reset") {
    await peer.reset();
  } else {
    await until(isOver, "the end of our side");
  }
}

/** A platform may wait for the rest of a frame whose beginning is wrong, and is given some time for what is whole. */
async function leave(peer: HostilePeer): Promise<void> {
  for (let passed = 0; passed < 100 && !peer.isToldToClose && !peer.isGone; passed++) await turn();
  peer.socket.end();
}

/** The outcome is the only one, and the connection is gone without any help. */
async function settled({ session, peer }: Meeting, { reason }: Outcome): Promise<void> {
  await until(() => peer.isGone, "the connection is gone");
  expect((await session.closeReason).code, "the reason afterwards").toBe(reason);
  expect(await rejection(session.send("late")), "what is sent afterwards").toBeInstanceOf(Error);
  expect(session.signal.aborted, "the signal").toBe(true);
}

function isAction(step: Step): step is Action {
  return typeof step === "object" && !(step instanceof Uint8Array);
}

function sizeOf(role: Role, steps: readonly Step[]): number {
  let size = 0;
  for (const step of steps) {
    if (!isAction(step)) size += (typeof step === "function" ? step(role) : bytesOf(step)).length;
  }
  return size;
}
